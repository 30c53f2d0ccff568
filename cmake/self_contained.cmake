# rosidl's dispatching library opens the type support of the running middleware by its bare
# file name, so on LD_LIBRARY_PATH alone. One that is loaded already under that name is
# taken instead: make them dependencies, which the run path finds beside it.
function(self_contained package)
  foreach(kind fastrtps_c introspection_c)
    if(TARGET ${package}__rosidl_typesupport_${kind})
      target_link_libraries(${package}__rosidl_typesupport_c PRIVATE
        "-Wl,--no-as-needed" ${package}__rosidl_typesupport_${kind})
    endif()
  endforeach()
endfunction()

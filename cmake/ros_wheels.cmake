# Mends what the ROS 2 wheels on PyPI export wrongly; on a stock ROS 2 nothing matches.
# include() it after project(): it runs at the end of that CMakeLists.txt, before CMake
# checks the targets.
function(ros_wheels_mend)
  get_property(imported DIRECTORY "${CMAKE_SOURCE_DIR}" PROPERTY IMPORTED_TARGETS)
  foreach(target IN LISTS imported)
    # Fast DDS names the tinyxml2 of the machine that built it; no caller has to link it.
    _drop_missing(${target} INTERFACE_LINK_LIBRARIES "^/usr/lib64/libtinyxml2\\.so$")
    # Generated Python modules name the headers of that machine's interpreter.
    _drop_missing(${target} INTERFACE_INCLUDE_DIRECTORIES "^/opt/python/")
  endforeach()
  get_property(built DIRECTORY "${CMAKE_SOURCE_DIR}" PROPERTY BUILDSYSTEM_TARGETS)
  foreach(target IN LISTS built)
    _keep_unexported(${target})
  endforeach()
endfunction()

# Remove the entries of a list property that match and do not exist.
function(_drop_missing target property pattern)
  get_target_property(entries ${target} ${property})
  if(NOT entries)
    return()
  endif()
  set(kept "")
  foreach(entry IN LISTS entries)
    if(EXISTS "${entry}" OR NOT entry MATCHES "${pattern}")
      list(APPEND kept "${entry}")
    endif()
  endforeach()
  set_target_properties(${target} PROPERTIES ${property} "${kept}")
endfunction()

# numpy's headers in a virtual environment inside the checkout are for this build alone;
# CMake refuses to export a path below the sources.
function(_keep_unexported target)
  get_target_property(entries ${target} INTERFACE_INCLUDE_DIRECTORIES)
  if(NOT entries)
    return()
  endif()
  set(kept "")
  foreach(entry IN LISTS entries)
    string(FIND "${entry}" "${CMAKE_SOURCE_DIR}/" position)
    if(position EQUAL 0)
      set(entry "$<BUILD_INTERFACE:${entry}>")
    endif()
    list(APPEND kept "${entry}")
  endforeach()
  set_target_properties(${target} PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${kept}")
endfunction()

cmake_language(DEFER DIRECTORY "${CMAKE_SOURCE_DIR}" CALL ros_wheels_mend)

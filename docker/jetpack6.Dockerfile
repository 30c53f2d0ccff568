# Jetson Orin with JetPack 6: Ubuntu 22.04, CUDA 12.6, TensorRT 10.3, ROS 2 Humble.
ARG BASE=nvcr.io/nvidia/l4t-jetpack:r36.4.0
FROM ${BASE}
ARG ROS_DISTRO=humble
# For ONNX Runtime with CUDA: PyPI has none for this Python on aarch64.
ARG JETSON_INDEX=https://pypi.jetson-ai-lab.io/jp6/cu126
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
ENV DEBIAN_FRONTEND=noninteractive LANG=C.UTF-8 LC_ALL=C.UTF-8

COPY docker/install_ros.sh /tmp/
RUN /tmp/install_ros.sh "${ROS_DISTRO}"

WORKDIR /ws
COPY . src/seg_perception
RUN . /opt/ros/${ROS_DISTRO}/setup.bash \
    && apt-get update \
    && rosdep update && rosdep install --from-paths src --ignore-src -y --skip-keys rviz2 \
    && python3 -m pip install -r src/seg_perception/requirements/robot.txt \
        -c src/seg_perception/requirements/numpy1.txt \
    && python3 -m pip uninstall -y onnxruntime \
    && python3 -m pip install onnxruntime-gpu --index-url ${JETSON_INDEX} \
    && python3 -m pip install -c src/seg_perception/requirements/numpy1.txt "numpy<2" \
    && colcon build --packages-select seg_perception \
    && rm -rf /var/lib/apt/lists/* build log

ENTRYPOINT ["/bin/bash", "-c", ". /ws/install/setup.bash && exec \"$@\"", "--"]
CMD ["seg-perception", "engine", "verify", "field_tiny"]

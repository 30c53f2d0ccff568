# Jetson Thor and AGX Orin with JetPack 7: Ubuntu 24.04, CUDA 13, TensorRT 10 or 11, ROS 2 Jazzy.
# JetPack 7 takes the images of ARM servers.
ARG BASE=nvcr.io/nvidia/tensorrt:25.10-py3
FROM ${BASE}
ARG ROS_DISTRO=jazzy
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# The image is the environment: pip may change the system's Python.
ENV DEBIAN_FRONTEND=noninteractive LANG=C.UTF-8 LC_ALL=C.UTF-8 PIP_BREAK_SYSTEM_PACKAGES=1

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
    && python3 -m pip install -c src/seg_perception/requirements/numpy1.txt onnxruntime-gpu \
    && colcon build --packages-select seg_perception \
    && rm -rf /var/lib/apt/lists/* build log

ENTRYPOINT ["/bin/bash", "-c", ". /ws/install/setup.bash && exec \"$@\"", "--"]
CMD ["seg-perception", "engine", "verify", "field_tiny"]

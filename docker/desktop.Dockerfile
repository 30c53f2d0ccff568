# A desktop GPU: Ubuntu 24.04, CUDA 12, TensorRT from PyPI, ROS 2 Jazzy, in a virtual environment.
ARG BASE=nvidia/cuda:12.6.3-cudnn-runtime-ubuntu24.04
FROM ${BASE}
ARG ROS_DISTRO=jazzy
ARG TENSORRT=tensorrt-cu12
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
ENV DEBIAN_FRONTEND=noninteractive LANG=C.UTF-8 LC_ALL=C.UTF-8

COPY docker/install_ros.sh /tmp/
RUN /tmp/install_ros.sh "${ROS_DISTRO}"

WORKDIR /opt/seg_perception
COPY . .
RUN . /opt/ros/${ROS_DISTRO}/setup.bash \
    && make setup \
    && .venv/bin/pip install ${TENSORRT} \
    && .venv/bin/pip uninstall -y onnxruntime \
    && .venv/bin/pip install -c requirements/numpy1.txt onnxruntime-gpu

ENTRYPOINT ["/bin/bash", "-c", ". /opt/ros/jazzy/setup.bash && . .venv/bin/activate && exec \"$@\"", "--"]
CMD ["seg-perception", "engine", "verify", "field_tiny"]

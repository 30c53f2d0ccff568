#!/bin/bash
# install_ros.sh DISTRIBUTION: ROS 2 from its apt repository, with what builds a package.
set -euo pipefail
distribution=$1
keyring=/usr/share/keyrings/ros-archive-keyring.gpg
codename=$(. /etc/os-release && echo "${UBUNTU_CODENAME}")

apt-get update
apt-get install -y --no-install-recommends ca-certificates curl
curl -fsSL https://raw.githubusercontent.com/ros/rosdistro/master/ros.key -o "$keyring"
echo "deb [arch=$(dpkg --print-architecture) signed-by=$keyring]" \
    "http://packages.ros.org/ros2/ubuntu $codename main" > /etc/apt/sources.list.d/ros2.list
apt-get update
apt-get install -y --no-install-recommends \
    "ros-$distribution-ros-base" python3-colcon-common-extensions python3-rosdep \
    python3-pip python3-venv python3-dev gcc g++ make cmake
[ -e /etc/ros/rosdep/sources.list.d/20-default.list ] || rosdep init
rm -rf /var/lib/apt/lists/*

#!/bin/sh
# Makes the disk of a virtual machine: a file system with the content of the layers.
#   image.sh IMAGE SIZE_MB LOWER:LOWER... UPPER
set -eu
image=$1 size=$2 lowers=$3 upper=$4
merged=$image.merged
mkdir "$merged" "$image.work"
mount -t overlay -o "redirect_dir=on,lowerdir=$lowers,upperdir=$upper,workdir=$image.work" overlay "$merged"
truncate -s "${size}M" "$image"
mkfs.ext4 -q -F -d "$merged" "$image"
umount "$merged"
rmdir "$merged"
rm -rf "$image.work"

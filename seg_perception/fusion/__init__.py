"""Labels onto lidar and radar points, voxel maps and costmaps: projection, occlusion, voting."""

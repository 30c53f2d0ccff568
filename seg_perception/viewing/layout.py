"""The first look of Rerun's viewer: pictures and legend on the left, points on the right."""

from __future__ import annotations

from typing import Any

from seg_perception.viewing.streams import CloudView, Views

LEGEND_ENTITY = "classes"
MAP_ENTITY = "map"
_FRAMES = "/tf/**"
_ONE_BELOW_THE_OTHER = 2
# Heights of pictures and legend.
_ROWS = (3, 1)
# Widths beside the clouds.
_PICTURES_SHARE, _LEGEND_SHARE = 0.7, 0.35


def view_layout(blueprint: Any, views: Views) -> Any:
    """A layout of views.

    Args:
        blueprint: the module rerun.blueprint.
        views: those of clouds without a frame show the map of a point file.
    """
    flat = [
        blueprint.Spatial2DView(
            name=view.name, contents=[topic for topic in (view.picture, view.labels) if topic]
        )
        for view in views.images
    ]
    columns = 1 if len(flat) <= _ONE_BELOW_THE_OTHER else 2
    left = [blueprint.Grid(*flat, grid_columns=columns)] if flat else []
    if views.legend:
        left.append(blueprint.Spatial2DView(name="classes", origin=LEGEND_ENTITY))
    right = [_cloud_view(blueprint, view) for view in views.clouds]
    sides = [blueprint.Vertical(*left, row_shares=_ROWS[: len(left)])] if left else []
    sides += [blueprint.Vertical(*right)] if right else []
    shares = [_PICTURES_SHARE if flat else _LEGEND_SHARE, 1][: len(sides)]
    return blueprint.Blueprint(
        blueprint.Horizontal(*sides, column_shares=shares),
        auto_views=False,
        collapse_panels=True,
    )


def _cloud_view(blueprint: Any, view: CloudView) -> Any:
    if not view.frame:
        return blueprint.Spatial3DView(name="map", origin=MAP_ENTITY)
    hidden = blueprint.EntityBehavior(visible=False)
    return blueprint.Spatial3DView(
        name=view.frame,
        contents=[*view.shown, *view.hidden, _FRAMES],
        overrides=dict.fromkeys(view.hidden, hidden),
        spatial_information=blueprint.SpatialInformation(target_frame=view.frame),
        eye_controls=blueprint.EyeControls3D(tracking_entity=view.shown[0]),
    )

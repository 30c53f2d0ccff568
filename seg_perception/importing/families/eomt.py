"""EoMT on DINOv2 or DINOv3: a vision transformer that carries the queries itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import transformers
from torch import Tensor, nn
from torch.nn.functional import interpolate

from seg_perception.core.errors import ImportModelError
from seg_perception.importing.families.loading import load_network
from seg_perception.importing.families.mask_queries import MaskNetwork
from seg_perception.importing.families.sizes import expect_multiple
from seg_perception.training.models.position_embedding import FixedRope

if TYPE_CHECKING:
    from seg_perception.importing.model_folder import ModelFolder


class Eomt:
    """Loads EoMT for any size that its patches fill; the published one takes one square alone."""

    def load(self, folder: ModelFolder, size: tuple[int, int]) -> MaskNetwork:
        """The network with its weights.

        Raises:
            ImportModelError: the weights do not fit the configuration as a whole, its training
                has not ended, or the size, width and height, is no multiple of the patches.
        """
        model = load_network(folder)
        _expect_trained(model, folder)
        patch = int(model.config.patch_size)
        expect_multiple(size, patch, folder.architecture)
        _set_grid(model, (size[1] // patch, size[0] // patch))
        return MaskNetwork(model, patch)

    def published(self, folder: ModelFolder) -> MaskNetwork:
        """The same, nothing replaced."""
        model = load_network(folder)
        return MaskNetwork(model, int(model.config.patch_size))

    def is_published_size(self, folder: ModelFolder, size: tuple[int, int]) -> bool:
        """The square of the configuration alone."""
        side = int(
            transformers.AutoConfig.from_pretrained(folder.path, local_files_only=True).image_size
        )
        return size == (side, side)


def _expect_trained(model: Any, folder: ModelFolder) -> None:
    """A training ends with attention that is held to no mask; before, an answer rests on chance."""
    held = int((model.attn_mask_probs > 0).sum())
    if held:
        msg = (
            f"{folder.path}: its training has not ended, the attention of {held} of "
            f"{len(model.attn_mask_probs)} blocks is still held to the masks (attn_mask_probs "
            f"{model.attn_mask_probs.tolist()}): take a checkpoint of its end, where all are 0"
        )
        raise ImportModelError(msg)


def _set_grid(model: Any, grid: tuple[int, int]) -> None:
    """Rows and columns of patches; learned positions are interpolated, angles worked out."""
    embeddings = model.embeddings
    if hasattr(embeddings, "position_embeddings"):
        table = embeddings.position_embeddings.weight
        wanted = _positions(table, model.grid_size, grid)
        embeddings.position_embeddings = nn.Embedding.from_pretrained(wanted)
        embeddings.position_ids = torch.arange(len(wanted))[None]
    else:
        heads = model.config.num_attention_heads
        model.rope_embeddings = FixedRope(
            model.rope_embeddings,
            int(model.config.patch_size),
            model.config.hidden_size // heads,
            float(model.config.rope_parameters["rope_theta"]),
        ).eval()
    model.grid_size = grid


def _positions(table: Tensor, old: tuple[int, int], new: tuple[int, int]) -> Tensor:
    """Float (rows * columns, width) of another grid, bicubic as DINOv2 has it."""
    if old == new:
        return table.detach()
    maps = table.detach().T.unflatten(1, old)[None]
    scaled = interpolate(maps, new, mode="bicubic", antialias=True, align_corners=False)
    return scaled[0].flatten(1).T.contiguous()

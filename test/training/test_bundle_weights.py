# ruff: noqa: E402  (torch, which may be absent, is looked for first)
"""The shipped model, back in torch: it answers the same, in training, too."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: install the extra [train]")
onnxruntime = pytest.importorskip("onnxruntime", reason="the other side of the comparison")
pytest.importorskip("onnx", reason="bundles are read by onnx: install the extra [train]")

from seg_perception.core.errors import TrainingError
from seg_perception.inference.bundle import Bundle
from seg_perception.training.bundle_weights import load_bundle, match_statistics
from seg_perception.training.config import TrainingConfig
from seg_perception.training.data import TrainingData
from seg_perception.training.export.serving import ServingGraph
from seg_perception.training.loop import Trainer
from seg_perception.training.models.config import FieldCnnConfig, FieldLiteConfig
from seg_perception.training.models.factory import build_network
from seg_perception.training.models.network import SegmentationNetwork, normalise
from seg_perception.training.processes import Processes


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.load("field_tiny")


def lite(classes: int) -> SegmentationNetwork:
    torch.manual_seed(0)
    return build_network(FieldLiteConfig(family="field_lite"), classes, 0, (64, 64))


def frames(bundle: Bundle) -> torch.Tensor:
    return torch.from_numpy(np.stack([golden.image for golden in bundle.golden]))


def test_the_shipped_weights_answer_in_torch_as_in_onnx_runtime(bundle: Bundle) -> None:
    network = lite(18)
    load_bundle(network, bundle, same_classes=True)
    graph = ServingGraph(network.eval(), "exact")
    session = onnxruntime.InferenceSession(str(bundle.model_path))
    for golden in bundle.golden:
        image = golden.image[None]
        with torch.no_grad():
            labels = graph(torch.from_numpy(image))[0].numpy()
        assert (labels == session.run(["labels"], {"image": image})[0]).mean() > 0.99999
        # Labels of the weights before they were stored in 16 bits.
        assert (labels[0] == golden.labels).mean() > 0.999, golden.name


def test_normalisations_expect_what_they_get_and_answer_the_same(bundle: Bundle) -> None:
    network = lite(18)
    load_bundle(network, bundle, same_classes=True)
    images = normalise(frames(bundle))
    with torch.no_grad():
        before = network.eval()(images).semantic_scores()
        match_statistics(network, [images])
        after = network.eval()(images).semantic_scores()
        training = network.train()(images).semantic_scores()
    assert torch.allclose(before, after, atol=1e-2)
    # With statistics of the batch itself instead of those that were kept.
    assert torch.allclose(before, training, atol=0.05)
    assert (before.argmax(1) == training.argmax(1)).float().mean() > 0.999
    assert float(before.std()) > 1


@pytest.mark.parametrize("count", [5, 18])
def test_other_classes_keep_their_own_last_layer(bundle: Bundle, count: int) -> None:
    network, own = lite(count), lite(count)
    load_bundle(network, bundle, same_classes=False)
    assert torch.equal(network.classifier.weight, own.classifier.weight)
    assert not torch.equal(network.smooth_4[0].weight, own.smooth_4[0].weight)


def test_networks_whose_processes_share_statistics_are_started_the_same(bundle: Bundle) -> None:
    alone, shared = lite(18), torch.nn.SyncBatchNorm.convert_sync_batchnorm(lite(18))
    images = normalise(frames(bundle))
    for network in (alone, shared):
        load_bundle(network, bundle, same_classes=True)
        match_statistics(network, [images])
    for name, tensor in alone.state_dict().items():
        assert torch.equal(tensor, shared.state_dict()[name]), name


def test_every_process_starts_with_the_same_weights(
    bundle: Bundle, tiny_config: TrainingConfig, tiny_data: TrainingData, tmp_path: Path
) -> None:
    config = tiny_config.model_copy(update={"model": FieldLiteConfig(family="field_lite")})
    started = []
    for rank in range(2):
        place = Processes(rank, 1, torch.device("cpu"))
        trainer = Trainer(config, tiny_data, tmp_path, place)
        trainer.start_from(bundle)
        started.append(trainer.network.state_dict())
    for name, tensor in started[0].items():
        assert torch.equal(tensor, started[1][name]), name


def test_another_network_is_refused(bundle: Bundle) -> None:
    network = build_network(FieldCnnConfig(), 18, 0, (64, 64))
    with pytest.raises(TrainingError, match="another network than `model` describes"):
        load_bundle(network, bundle, same_classes=True)

import numpy as np

from seg_perception.training.batches import BatchSource, ImageMemory
from seg_perception.training.class_frequency import ClassFrequency
from seg_perception.training.config import SamplingConfig, TrainingConfig
from seg_perception.training.data import TrainingData


def source(config: TrainingConfig, data: TrainingData, process: int = 0) -> BatchSource:
    return BatchSource(data, ClassFrequency.take(data.space, data.train, 1), config, process)


def test_a_batch_depends_on_seed_number_and_process(
    tiny_config: TrainingConfig, tiny_data: TrainingData
) -> None:
    first, same = (source(tiny_config, tiny_data).batch(3) for _ in range(2))
    assert np.array_equal(first.images, same.images)
    assert not np.array_equal(first.images, source(tiny_config, tiny_data).batch(4).images)
    assert not np.array_equal(first.images, source(tiny_config, tiny_data, 1).batch(3).images)


def test_threads_do_not_change_the_order(
    tiny_config: TrainingConfig, tiny_data: TrainingData
) -> None:
    threaded = tiny_config.model_copy(update={"workers": 3})
    streams = [source(c, tiny_data).stream(2, 9) for c in (tiny_config, threaded)]
    pairs = list(zip(*streams, strict=True))
    assert len(pairs) == 7
    assert all(np.array_equal(one.images, other.images) for one, other in pairs)


def test_a_rare_class_is_pasted(tiny_config: TrainingConfig, tiny_data: TrainingData) -> None:
    often = SamplingConfig(paste=1, paste_classes=("sky",))
    pasted = tiny_config.model_copy(update={"sampling": often})
    sky = tiny_data.ontology.ids["sky"]
    shares = [
        np.mean([(source(c, tiny_data).batch(n).targets == sky).mean() for n in range(5)])
        for c in (tiny_config, pasted)
    ]
    assert shares[1] > shares[0]


def test_images_are_kept_up_to_a_limit(tiny_data: TrainingData) -> None:
    dataset = tiny_data.train["stripes"]
    kept, read_anew = ImageMemory([dataset], 1), ImageMemory([dataset], 0)
    assert kept.image(0, 1) is kept.image(0, 1)
    assert read_anew.image(0, 1) is not read_anew.image(0, 1)

"""Small members of each family, against what `transformers` itself answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from seg_perception.core.errors import ImportModelError, OpenVocabularyError

torch = pytest.importorskip("torch", reason="teachers need torch")
hf = pytest.importorskip("transformers", reason="teachers need transformers")

import word_teachers as tiny  # noqa: E402 (needs torch)

from seg_perception.open_vocabulary.teachers.choice import open_teacher  # noqa: E402

PHRASES = ["log", "wet leaves", "sky", "road", "stone"]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(params=sorted(tiny.TEXT_TEACHERS))
def folder(request, tmp_path):
    return tiny.TEXT_TEACHERS[request.param].save(tmp_path / request.param)


@pytest.fixture
def images():
    rng = np.random.default_rng(3)
    return [rng.integers(0, 255, (40, 60, 3), np.uint8) for _ in range(2)]


def test_every_phrase_gets_scores_over_the_whole_picture(folder, images):
    teacher = open_teacher(str(folder), device="cpu")
    first, second = teacher.score(images, [PHRASES, PHRASES[:2]])
    assert len(first.presence) == len(first.scores) == 5
    assert len(second.scores) == 2
    for answer in (first, second):
        assert answer.scores.dtype == answer.presence.dtype == np.float32
        assert ((answer.scores >= 0) & (answer.scores <= 1)).all()
        assert answer.scores.std() > 0
    seen = teacher.presence(images, PHRASES)
    assert seen.shape == (2, 5)
    assert ((seen >= 0) & (seen <= 1)).all()


def test_batches_and_neighbours_change_nothing(folder, images):
    teacher = open_teacher(str(folder), device="cpu")
    together = teacher.score(images, [PHRASES, PHRASES])
    alone = teacher.score(images[1:], [PHRASES[3:]])
    np.testing.assert_allclose(together[1].scores[3:], alone[0].scores, atol=2e-5)
    np.testing.assert_allclose(together[1].presence[3:], alone[0].presence, atol=2e-5)
    # A preview in between leaves the network as it was.
    teacher.presence(images, PHRASES)
    again = teacher.score(images, [PHRASES, PHRASES])
    np.testing.assert_array_equal(again[0].scores, together[0].scores)


def pixels(image, side):
    """As the authors' processor: antialiased bilinear, mean 0.5, deviation 0.25."""
    tensor = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255
    scaled = torch.nn.functional.interpolate(
        tensor, (side, side), mode="bilinear", align_corners=False, antialias=True
    )
    return (scaled - 0.5) / 0.25


def test_sam3_puts_instances_map_and_presence_together(tmp_path, images):
    folder = tiny.SAM3.save(tmp_path / "sam3")
    network = hf.Sam3Model.from_pretrained(folder).eval()
    tokens = hf.AutoTokenizer.from_pretrained(folder)(
        ["wet leaves"], padding="max_length", max_length=32, return_tensors="pt"
    )
    with torch.inference_mode():
        said = network(pixel_values=pixels(images[0], 96), **tokens)
    sure = said.pred_logits.sigmoid()[0]
    masks = said.pred_masks.sigmoid()[0]
    best = said.semantic_seg.sigmoid()[0, 0]
    for query in range(6):
        if sure[query] >= 0.3:
            best = torch.maximum(best, masks[query] * sure[query])
    want = (best * said.presence_logits.sigmoid()[0, 0]).numpy()
    teacher = open_teacher(str(folder), device="cpu")
    (answer,) = teacher.score(images[:1], [["wet leaves"]])
    np.testing.assert_allclose(answer.scores[0], want, atol=2e-5)
    assert answer.presence[0] == pytest.approx(said.presence_logits.sigmoid().item(), abs=2e-5)


def test_sam3_previews_with_positions_of_a_network_of_that_size(tmp_path, images):
    folder = tiny.SAM3.save(tmp_path / "sam3")
    config = hf.Sam3Config.from_pretrained(folder)
    config.image_size = 64
    small = hf.Sam3Model.from_pretrained(folder, config=config).eval()
    tokens = hf.AutoTokenizer.from_pretrained(folder)(
        PHRASES, padding="max_length", max_length=32, return_tensors="pt"
    )
    with torch.inference_mode():
        said = small(pixel_values=pixels(images[0], 64).expand(5, -1, -1, -1), **tokens)
    teacher = open_teacher(str(folder), device="cpu")
    seen = teacher.presence(images[:1], PHRASES)
    want = said.presence_logits[:, 0].sigmoid().numpy()
    np.testing.assert_allclose(seen[0], want, atol=2e-5)


def test_clipseg_answers_as_transformers_does(tmp_path, images):
    folder = tiny.CLIPSEG.save(tmp_path / "clipseg")
    network = hf.CLIPSegForImageSegmentation.from_pretrained(folder).eval()
    tokens = hf.AutoTokenizer.from_pretrained(folder)(
        PHRASES, padding="max_length", max_length=20, return_tensors="pt"
    )
    with torch.inference_mode():
        said = network(pixel_values=pixels(images[0], 64).expand(5, -1, -1, -1), **tokens)
    teacher = open_teacher(str(folder), device="cpu")
    (answer,) = teacher.score(images[:1], [PHRASES])
    np.testing.assert_allclose(answer.scores, said.logits.sigmoid().numpy(), atol=2e-5)


def test_what_is_missing_gets_its_sentence(folder, tmp_path):
    for name in ("tokenizer.json", "vocab.json", "merges.txt"):
        (folder / name).unlink(missing_ok=True)
    with pytest.raises(OpenVocabularyError, match=r"no text tokenizer \(tokenizer.json"):
        open_teacher(str(folder), device="cpu")


def test_a_folder_without_pixels_weights_or_of_another_architecture(tmp_path):
    folder = tiny.CLIPSEG.save(tmp_path / "clipseg")
    (folder / "preprocessor_config.json").unlink()
    with pytest.raises(OpenVocabularyError, match=r"no preprocessor_config.json"):
        open_teacher(str(folder), device="cpu")
    tiny.CLIPSEG.save(folder)
    (folder / "model.safetensors").unlink()
    with pytest.raises(ImportModelError, match="can't be loaded"):
        open_teacher(str(folder), device="cpu")
    (folder / "config.json").write_text('{"architectures": ["SegformerForSemanticSegmentation"]}')
    with pytest.raises(OpenVocabularyError, match="got SegformerForSemanticSegmentation"):
        open_teacher(str(folder), device="cpu")
    with pytest.raises(OpenVocabularyError, match="expected the folder that save_pretrained"):
        open_teacher(str(tmp_path / "absent"), device="cpu")


def test_a_phrase_that_is_too_long_gets_its_sentence(folder):
    teacher = open_teacher(str(folder), device="cpu")
    with pytest.raises(OpenVocabularyError, match=r"has \d+ tokens, the teacher takes"):
        teacher.expect(["log " * 40])


def test_a_device_that_is_not_there(folder):
    with pytest.raises(OpenVocabularyError, match="expected cpu or cuda, got tpu"):
        open_teacher(str(folder), device="tpu")


def test_weights_that_do_not_fit_into_memory_are_refused_before_they_are_read(folder, monkeypatch):
    monkeypatch.setattr(
        "seg_perception.open_vocabulary.teachers.folder.available_bytes", lambda: 1000
    )
    with pytest.raises(OpenVocabularyError, match=r"the weights need .* GB, cpu has 0.0 GB free"):
        open_teacher(str(folder), device="cpu")


def test_a_teacher_is_named_by_its_weights_so_that_a_run_goes_on_with_the_same_only(tmp_path):
    folder = tiny.CLIPSEG.save(tmp_path / "clipseg")
    first = open_teacher(str(folder), device="cpu").description
    assert open_teacher(str(folder), device="cpu").description == first
    tiny.CLIPSEG.save(folder, seed=2)
    assert open_teacher(str(folder), device="cpu").description != first

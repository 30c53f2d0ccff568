"""Small detectors and mask makers against what `transformers` itself answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from seg_perception.core.errors import OpenVocabularyError

torch = pytest.importorskip("torch", reason="teachers need torch")
hf = pytest.importorskip("transformers", reason="teachers need transformers")
pytest.importorskip("safetensors", reason="teachers need safetensors")

import word_teachers as tiny  # noqa: E402 (needs torch)
from safetensors.torch import load_file, save_file  # noqa: E402

from seg_perception.open_vocabulary.frames import PhotoFrames  # noqa: E402
from seg_perception.open_vocabulary.labelling import WordLabeller  # noqa: E402
from seg_perception.open_vocabulary.prompts import Prompt  # noqa: E402
from seg_perception.open_vocabulary.pruning import Pruning  # noqa: E402
from seg_perception.open_vocabulary.run import WordRun  # noqa: E402
from seg_perception.open_vocabulary.teachers.choice import open_masks, open_teacher  # noqa: E402
from seg_perception.open_vocabulary.teachers.folder import find_folder  # noqa: E402
from seg_perception.open_vocabulary.teachers.grounding_dino import GroundingDino  # noqa: E402
from seg_perception.open_vocabulary.teachers.owlv2 import Owlv2  # noqa: E402

CPU = torch.device("cpu")
PHRASES = ["log", "wet leaves", "sky"]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def sam2(tmp_path_factory):
    return tiny.SAM2.save(tmp_path_factory.mktemp("sam2") / "sam2")


@pytest.fixture
def image():
    return np.random.default_rng(3).integers(0, 255, (40, 60, 3), np.uint8)


def pixels(image, size):
    tensor = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255
    scaled = torch.nn.functional.interpolate(
        tensor, size, mode="bilinear", align_corners=False, antialias=True
    )
    return (scaled - 0.5) / 0.25


def test_grounding_dino_takes_the_best_of_a_phrases_tokens(tmp_path, image):
    folder = tiny.GROUNDING_DINO.save(tmp_path / "dino")
    tokenizer = hf.AutoTokenizer.from_pretrained(folder)
    text = tokenizer("log. wet leaves. sky.", return_tensors="pt")
    network = hf.GroundingDinoForObjectDetection.from_pretrained(folder).eval()
    # The shorter side is 128, the longer one 192 of at most 256.
    with torch.inference_mode():
        said = network(pixel_values=pixels(image, (128, 192)), **text)
    chances = said.logits.sigmoid()[0].numpy()
    # [CLS] log . wet leaves . sky . [SEP]
    want = np.stack([chances[:, 1], chances[:, 3:5].max(axis=1), chances[:, 6]], axis=1)
    (got,) = GroundingDino(find_folder(str(folder)), CPU).boxes([image], PHRASES, 1.0)
    rows, columns = np.nonzero(want >= 0.25)
    assert len(rows)
    np.testing.assert_allclose(got.scores, want[rows, columns], atol=2e-5)
    np.testing.assert_array_equal(got.phrases, columns)
    middle_x, _, width, _ = said.pred_boxes[0].numpy()[rows].T
    np.testing.assert_allclose(got.boxes[:, 0], np.clip(middle_x - width / 2, 0, 1) * 60, atol=2e-3)


def test_more_phrases_than_a_text_holds_are_asked_in_several(tmp_path, image):
    folder = tiny.GROUNDING_DINO.save(tmp_path / "dino")
    detector = GroundingDino(find_folder(str(folder)), CPU)
    # 24 tokens hold eleven phrases of one word with their stops.
    many = [*tiny.WORDS, "wet log", "wet tree"]
    texts = list(detector._texts(many))
    assert [sorted(places) for _, places in texts] == [list(range(11)), [11, 12]]
    (got,) = detector.boxes([image], many, 1.0)
    assert got.phrases.max() <= 12


def test_grounding_dino_refuses_words_that_it_does_not_know(tmp_path):
    folder = tiny.GROUNDING_DINO.save(tmp_path / "dino")
    detector = GroundingDino(find_folder(str(folder)), CPU)
    detector.expect(["wet log"])
    with pytest.raises(OpenVocabularyError, match=r"'Bach': Grounding DINO .* does not know it"):
        detector.expect(["Bach"])
    with pytest.raises(OpenVocabularyError, match="has 30 tokens, the teacher takes 21"):
        detector.expect(["log " * 30])


def test_owlv2_places_boxes_in_the_padded_square(tmp_path, image):
    folder = tiny.OWLV2.save(tmp_path / "owl")
    tokens = hf.AutoTokenizer.from_pretrained(folder)(
        PHRASES, padding="max_length", max_length=16, return_tensors="pt"
    )
    network = hf.Owlv2ForObjectDetection.from_pretrained(folder).eval()
    square = np.zeros((60, 60, 3), np.uint8)
    square[:40] = image
    with torch.inference_mode():
        said = network(pixel_values=pixels(square, (64, 64)), **tokens)
    want = said.logits.sigmoid()[0].numpy()
    (got,) = Owlv2(find_folder(str(folder)), CPU).boxes([image], PHRASES, 1.0)
    rows, columns = np.nonzero(want >= 0.1)
    assert len(rows)
    np.testing.assert_allclose(got.scores, want[rows, columns], atol=2e-5)
    _, middle_y, _, height = said.pred_boxes[0].numpy()[rows].T
    np.testing.assert_allclose(
        got.boxes[:, 3], np.clip((middle_y + height / 2) * 60, 0, 40), atol=2e-3
    )


@pytest.mark.parametrize(
    "prompt",
    [
        Prompt(box=(6.0, 4.0, 30.0, 20.0)),
        Prompt(clicks=((15.0, 10.0, True), (45.0, 30.0, False))),
        Prompt(coarse=np.arange(40)[:, None] + np.zeros(60) < 20),
    ],
    ids=["box", "clicks", "coarse"],
)
def test_sam2_is_pointed_at_in_its_own_pixels(sam2, image, prompt):
    network = hf.Sam2Model.from_pretrained(sam2).eval()
    scale = np.float32([64 / 60, 64 / 40])
    given = {}
    if prompt.box:
        box = np.float32(prompt.box) * np.tile(scale, 2)
        given["input_boxes"] = torch.from_numpy(box)[None, None]
    if prompt.clicks:
        points = np.float32([click[:2] for click in prompt.clicks]) * scale
        given["input_points"] = torch.from_numpy(points)[None, None]
        given["input_labels"] = torch.tensor([[[1, 0]]])
    if prompt.coarse is not None:
        mask = torch.where(torch.from_numpy(prompt.coarse), 10.0, -10.0)
        given["input_masks"] = mask[None, None]
    with torch.inference_mode():
        said = network(pixel_values=pixels(image, (64, 64)), multimask_output=False, **given)
    got = open_masks(str(sam2), "", CPU).masks(image, [prompt])
    np.testing.assert_allclose(got.masks[0], said.pred_masks[0, 0, 0].sigmoid(), atol=2e-5)
    assert got.quality[0] == pytest.approx(said.iou_scores.item(), abs=2e-5)


def test_prompts_of_several_kinds_keep_their_order(sam2, image):
    boxes = [Prompt(box=(float(n), 4.0, 30.0, 20.0)) for n in range(18)]
    coarse = [Prompt(coarse=np.zeros((40, 60), bool)), Prompt(coarse=np.ones((40, 60), bool))]
    maker = open_masks(str(sam2), "", CPU)
    together = maker.masks(image, [*boxes, *coarse])
    assert len(together.masks) == 20
    alone = maker.masks(image, [coarse[1]])
    np.testing.assert_allclose(together.masks[19], alone.masks[0], atol=2e-5)
    np.testing.assert_allclose(
        together.masks[17], maker.masks(image, [boxes[17]]).masks[0], atol=2e-5
    )


@pytest.mark.parametrize("name", sorted(tiny.DETECTORS))
def test_boxes_become_masks_with_a_preview(name, tmp_path, sam2, photos, words):
    folder = tiny.DETECTORS[name].save(tmp_path / name)
    teacher = open_teacher(str(folder), str(sam2), "cpu")
    asked = words("log", "tree", "sky", "road", "stone", threshold=0.05)
    output = tmp_path / "out"
    run = WordRun(WordLabeller(teacher, asked, Pruning(cap=2)), asked, {}, 2, lambda: 1)
    summary = run.label(PhotoFrames(photos, output, 1), output)
    assert summary.asked <= 2
    assert summary.frames == len(list((output / "masks_src").iterdir())) == 3


def test_a_detector_needs_a_mask_maker_and_others_need_none(tmp_path, sam2):
    dino = tiny.GROUNDING_DINO.save(tmp_path / "dino")
    with pytest.raises(OpenVocabularyError, match="finds boxes: name what makes masks"):
        open_teacher(str(dino), device="cpu")
    with pytest.raises(OpenVocabularyError, match="got GroundingDinoForObjectDetection"):
        open_teacher(str(dino), str(dino), "cpu")
    with pytest.raises(OpenVocabularyError, match="got Sam2Model"):
        open_teacher(str(sam2), device="cpu")
    clipseg = tiny.CLIPSEG.save(tmp_path / "clipseg")
    with pytest.raises(OpenVocabularyError, match="makes its masks itself"):
        open_teacher(str(clipseg), str(sam2), "cpu")


def test_the_network_for_videos_holds_both_parts_of_sam3(tmp_path, image):
    """As facebook/sam3 is published; each part has the weights of the whole."""
    folder = tiny.SAM3_VIDEO.save(tmp_path / "sam3")
    file = folder / "model.safetensors"
    # `save_pretrained` writes that prefix twice, what is published has it once.
    weights = {
        key.replace("tracker_model.tracker_model.", "tracker_model."): value
        for key, value in load_file(file).items()
    }
    save_file(weights, file, {"format": "pt"})
    maker = open_masks(str(folder), "", CPU)
    own = maker._network.state_dict()
    for key in ("mask_decoder.iou_token.weight", "prompt_encoder.no_mask_embed.weight"):
        assert torch.equal(own[key], weights[f"tracker_model.{key}"])
    neck = "fpn_layers.0.proj1.weight"
    assert torch.equal(own[f"vision_encoder.neck.{neck}"], weights[f"tracker_neck.{neck}"])
    assert maker.masks(image, [Prompt(box=(6.0, 4.0, 30.0, 20.0))]).masks.shape == (1, 48, 48)
    teacher = open_teacher(str(folder), device="cpu")
    (answer,) = teacher.score([image], [PHRASES])
    assert answer.scores.shape == (3, 48, 48)
    text = teacher._network.state_dict()["text_projection.weight"]
    assert torch.equal(text, weights["detector_model.text_projection.weight"])

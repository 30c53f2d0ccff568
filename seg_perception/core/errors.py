"""What can go wrong, each with the word under which a ledger counts it."""

from __future__ import annotations


class SegPerceptionError(Exception):
    """A mistake that the user can mend; its text is one sentence that says how.

    Attributes:
        reason: short word for ledgers and diagnostics.
    """

    reason = "error"


class ConfigError(SegPerceptionError):
    """A parameter is unknown or its value is refused."""

    reason = "bad_config"


class ImageError(SegPerceptionError):
    """An image message can't be decoded."""

    reason = "bad_image"


class UnknownEncodingError(ImageError):
    """An image encoding that nothing here can read."""

    reason = "unknown_encoding"


class NoVideoDecoderError(ImageError):
    """A video stream needs a library that is not installed."""

    reason = "no_video_decoder"


class KeyFrameError(ImageError):
    """A picture of a video stream refers to one that is not there."""

    reason = "waits_for_key_frame"


class NoPictureError(ImageError):
    """A packet of a video stream carries no picture of its own."""

    reason = "no_picture"


class CloudError(SegPerceptionError):
    """A point cloud message can't be decoded."""

    reason = "bad_cloud"


class CalibrationError(SegPerceptionError):
    """A lens is missing, zero, or does not fit its image."""

    reason = "bad_calibration"


class SizeMismatchError(CalibrationError):
    """An image has another size than its calibration describes."""

    reason = "size_mismatch"


class TransformError(SegPerceptionError):
    """A transform is not known at the asked time."""

    reason = "no_transform"


class ConventionError(TransformError):
    """Which axes a camera's frame has is not known, so nothing can be placed before it."""

    reason = "no_convention"


class BundleError(SegPerceptionError):
    """A model bundle is incomplete, altered or does not fit."""

    reason = "bad_bundle"


class ImportModelError(SegPerceptionError):
    """A published model can't be made into a bundle."""

    reason = "bad_model"


class OpenVocabularyError(SegPerceptionError):
    """Words can't become labels: their file, their teacher or a picture does not fit."""

    reason = "bad_words"


class EngineError(SegPerceptionError):
    """An inference engine can't be made, or failed while running."""

    reason = "engine_failed"


class NoVariantError(EngineError):
    """A bundle does not carry its network in the variant that was asked for."""


class EngineBuildingError(EngineError):
    """An engine is being built; it can be had later."""

    reason = "engine_building"


class BagError(SegPerceptionError):
    """A bag can't be opened, read on, or written."""

    reason = "bad_bag"


class OutputError(BagError):
    """A bag that is being written can't be written on: what comes next would be lost."""

    reason = "not_written"


class DatasetError(SegPerceptionError):
    """A labelled data set is incomplete or does not fit its mapping."""

    reason = "bad_dataset"


class ReportError(SegPerceptionError):
    """A report can't be made of what is there, or can't be written."""

    reason = "bad_report"


class TrainingError(SegPerceptionError):
    """A training or an export can't go on."""

    reason = "training_failed"


class TeachingError(SegPerceptionError):
    """A model can't be taught: its frames, clicks or graph do not fit."""

    reason = "bad_teaching"


class EvaluationError(SegPerceptionError):
    """Labels and truth can't be compared, or a run can't be read."""

    reason = "bad_evaluation"


class FleetError(SegPerceptionError):
    """Work on many bags can't be done as it was asked for."""

    reason = "fleet_failed"


class MemoryShortError(SegPerceptionError):
    """There is no memory left for a message."""

    reason = "out_of_memory"

    @staticmethod
    def explains(error: Exception) -> bool:
        """Whether something failed for lack of memory: Python and OpenCV say so differently."""
        return isinstance(error, MemoryError) or getattr(error, "code", 0) == _OPENCV_NO_MEMORY


# cv::Error::StsNoMem
_OPENCV_NO_MEMORY = -4


class StoppedError(SegPerceptionError):
    """Somebody stopped the work at a point where what was done can be kept.

    Attributes:
        number: of the signal.
    """

    reason = "stopped"

    def __init__(self, text: str, number: int) -> None:
        """Remember the signal."""
        super().__init__(text)
        self.number = number

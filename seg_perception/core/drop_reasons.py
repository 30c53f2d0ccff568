"""Why messages end without a result: the words under which the ledger counts them."""

from __future__ import annotations

from typing import NamedTuple


class DropReason(NamedTuple):
    """What a reason of the ledger means, and what to do about it."""

    means: str
    mend: str


SUPERSEDED, QUEUE_FULL, CLOCK_JUMP = "superseded", "queue_full", "clock_jump"
DISABLED, RATE_LIMITED, SHUTDOWN = "disabled", "rate_limited", "shutdown"
INTERNAL_ERROR, DECODER_BUSY = "internal_error", "decoder_busy"

DROP_REASONS = {
    SUPERSEDED: DropReason(
        "a newer image came before the engine was free; or a cloud had waited for longer "
        "than `synchronizer.max_wait_s` when a newer one of its sensor could be labelled as well",
        "images: a smaller model or a lower camera rate, if the rate matters; clouds: the "
        "processor is busy, lower the lidar's `max_rate_hz` or close other programs",
    ),
    "bad_image": DropReason(
        "the image can't be decoded, or the label image of another machine has other classes",
        "the log names what was expected",
    ),
    "unknown_encoding": DropReason(
        "nothing here can read the image's encoding", "the log names those that can be read"
    ),
    "waits_for_key_frame": DropReason(
        "a packet of an H.264 or H.265 stream refers to pictures that never came, or came damaged",
        "a key frame every second at the encoder, a link that loses less; none where a stream "
        "merely begins",
    ),
    "no_picture": DropReason(
        "a packet of a video stream carried parameter sets alone, or the decoder left it out",
        "none needed while the others are labelled",
    ),
    "no_video_decoder": DropReason(
        "PyAV, which decodes H.264 and H.265, is not installed",
        "`pip install av`",
    ),
    DECODER_BUSY: DropReason(
        "more than a second of a video stream was waiting to be decoded",
        "smaller pictures or a lower rate at the encoder",
    ),
    "bad_cloud": DropReason("the cloud can't be decoded", "the log names the field or size"),
    "bad_calibration": DropReason("camera_info describes no lens", "fix the driver's camera_info"),
    "size_mismatch": DropReason(
        "an image is of another size than camera_info says",
        "name the camera_info that belongs to it",
    ),
    "bad_bag": DropReason("a message's bytes in a bag do not fit its type", "record it again"),
    QUEUE_FULL: DropReason(
        "more than `synchronizer.queue_size` clouds of a sensor were waiting",
        "raise it, or lower `synchronizer.max_wait_s`",
    ),
    CLOCK_JUMP: DropReason(
        "the clock jumped back while the message waited", "expected when a bag loops"
    ),
    "engine_failed": DropReason("the engine refused to run", "the log names the engine's reason"),
    "out_of_memory": DropReason(
        "there was no memory left for the message", "close other programs; smaller images or clouds"
    ),
    INTERNAL_ERROR: DropReason(
        "a fault of this program", "report it with the traceback in the log"
    ),
    DISABLED: DropReason("its sensor is switched off (`camera.NAME.enabled` …)", "switch it on"),
    RATE_LIMITED: DropReason("the sensor delivers more than its `max_rate_hz`", "none needed"),
    SHUTDOWN: DropReason("the node stopped while the message was on its way", "none needed"),
}

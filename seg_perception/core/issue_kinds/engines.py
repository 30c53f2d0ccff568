"""What can be amiss with the engine that runs the model."""

from __future__ import annotations

from seg_perception.core.issue_kinds.kind import IssueKind

ENGINE_REFUSED = IssueKind(
    "engine_refused",
    "{reason}",
    "",
    "an engine of the chain was passed over",
    "the sentence says why",
    "note",
)
ENGINE_BUILDING = IssueKind(
    "engine_building",
    "engine {engine} is being built for {elapsed_s:.0f} s ({phase}, {share:.0%})",
    "it is taken when it is done",
    "the cache has no TensorRT engine for this machine; the node stays unconfigured until it has",
    "wait, or `seg-perception engine build BUNDLE` beforehand",
)
MODEL_LOADING = IssueKind(
    "model_loading",
    "the model {bundle} is being loaded and tested for {elapsed_s:.0f} s",
    "it is used when it is done",
    "the node configures: requests for its state are answered, those to change it are refused",
    "wait; on the first start a large model takes longest",
)
SELF_TEST_FAILED = IssueKind(
    "self_test_failed",
    "{engine} failed its self-test: {detail}",
    "",
    "the engine gives other labels than the bundle's golden frames: TensorRT is wrong here",
    "nothing is wrong in what is published; see [versions](../explanation/engines.md#versions) for "
    "a version that may do better",
)
ENGINE_FAILED = IssueKind(
    "engine_failed",
    "{engine} failed while running: {reason}",
    "",
    "out of memory, a lost device, values that are not finite, or a live frame on which ONNX "
    "Runtime disagrees",
    "the reason stands behind it; restart the node to try the engine again",
)
LABELS_NOT_TRUSTED = IssueKind(
    "labels_not_trusted",
    "{check}, expected {expected:.1%}",
    "the labels of the last {frames} frames can't be trusted",
    "a live frame showed that the engine is wrong; so many frames went out since the last that "
    "agreed",
    "do not use labels of that time",
)
SPOT_CHECK_ENDED = IssueKind(
    "spot_check_ended",
    "spot check: live frames can't be compared: {reason}",
    "",
    "the reference can't be made or failed: what the engine gives is watched no longer; earlier "
    "comparisons say nothing of later frames",
    "the sentence says why; `segmentation.spot_check_period_s: 0` where none is wanted",
    "warning",
)
NO_OTHER_ENGINE = IssueKind(
    "no_other_engine",
    "{reason}",
    "no other engine can run {bundle}",
    "the chain has come to its end: frames are dropped as `engine_failed`",
    "add `onnxruntime/CPUExecutionProvider` to `segmentation.chain`",
)
NO_ENGINE = IssueKind(
    "no_engine",
    "there is no engine {engine} in {folder}",
    "",
    "`tensorrt.on_missing` is `fail`, or a frame waited, and the variant was never built",
    "`seg-perception engine build BUNDLE --all`",
)
BUILDER_SILENT = IssueKind(
    "builder_silent",
    "the builder gave no sign of life for {silence_s:.0f} s and was ended",
    "raise tensorrt.build_silence_s if it only needs longer",
    "the builder hung",
    "raise `tensorrt.build_silence_s` if it only needs longer",
)
BUILDER_KILLED = IssueKind(
    "builder_killed",
    "the builder was killed, most likely since memory ran out",
    "close what uses memory",
    "the system ended the builder",
    "close other programs, or build on another board of the same kind",
)

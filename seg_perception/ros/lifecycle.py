"""A lifecycle node that starts by itself, tells why it can't, and survives every request."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.timer import Timer

from seg_perception.core.errors import ConfigError, EngineBuildingError, SegPerceptionError
from seg_perception.ros.clock import steady_timer
from seg_perception.ros.rclpy_internals import (
    lifecycle_state_machine,
    refuse_impossible_transitions,
)

FIRST_ATTEMPT_S = 0.05
RETRY_S = 5.0


class ManagedNode(LifecycleNode):
    """Maps the transitions to four steps, each of which may raise.

    `deactivate` and `cleanup` also follow a step that failed half-way.

    Attributes:
        failure: why the last transition failed, in one sentence; empty when it did not.
        waiting: it failed since something that takes long goes on; it will do later.
    """

    def __init__(self, name: str, **options: Any) -> None:
        """Make the node; it does nothing until it is configured."""
        super().__init__(name, **options)
        self.failure = ""
        self.waiting = False
        self._configured = False
        self._active = False
        self._starter: Timer | None = None
        self._states = lifecycle_state_machine(self)
        refuse_impossible_transitions(self, self._tell_refusal)

    @property
    def is_active(self) -> bool:
        """Whether it takes and publishes messages."""
        return self._active

    @property
    def state(self) -> str:
        """Name of the lifecycle state."""
        return str(self._states.current_state[1])

    def configure(self) -> None:
        """Load what takes long."""
        raise NotImplementedError

    def activate(self) -> None:
        """Subscribe and publish."""
        raise NotImplementedError

    def deactivate(self) -> None:
        """End what `activate` began."""
        raise NotImplementedError

    def cleanup(self) -> None:
        """Free what `configure` loaded."""
        raise NotImplementedError

    def autostart(self) -> None:
        """Configure and activate from the executor, again and again until it works."""
        self._starter = steady_timer(self, FIRST_ATTEMPT_S, self._start)

    def end(self) -> None:
        """Go through the shutdown transition from whatever state."""
        self._stop_starting()
        if self.state in ("unconfigured", "inactive", "active"):
            self.trigger_shutdown()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Configure."""
        del state
        self._configured = True
        result = self._attempt("configure", self.configure)
        if result != TransitionCallbackReturn.SUCCESS:
            self._cleanup_if_configured()
        return result

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Activate."""
        del state
        self._active = True
        result = self._attempt("activate", self.activate)
        if result != TransitionCallbackReturn.SUCCESS:
            self._deactivate_if_active()
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Deactivate."""
        del state
        return self._attempt("deactivate", self._deactivate_if_active)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Clean up."""
        del state
        return self._attempt("clean up", self._cleanup_if_configured)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """End everything that runs."""
        del state
        return self._attempt("shut down", self._end_all)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """End everything that runs after an unforeseen failure, back to unconfigured."""
        del state
        cause = self.failure
        result = self._attempt("recover", self._end_all)
        self.failure = self.failure or cause
        return result

    def _end_all(self) -> None:
        self._deactivate_if_active()
        self._cleanup_if_configured()

    def _deactivate_if_active(self) -> None:
        if self._active:
            self._active = False
            self.deactivate()

    def _cleanup_if_configured(self) -> None:
        if self._configured:
            self._configured = False
            self.cleanup()

    def _attempt(self, name: str, step: Callable[[], None]) -> TransitionCallbackReturn:
        before, self.failure = self.failure, ""
        self.waiting = False
        try:
            step()
        except SegPerceptionError as error:
            self.failure = str(error)
            self.waiting = isinstance(error, EngineBuildingError)
            if self.waiting:
                self.get_logger().info(f"can't {name} yet: {error}")
            elif self.failure != before:
                self.get_logger().error(f"can't {name}: {error}")
            if isinstance(error, ConfigError):
                self._stop_starting()
            return TransitionCallbackReturn.FAILURE
        except Exception as error:  # noqa: BLE001 (rclpy would swallow it without a word)
            self.failure = f"{name} failed: {error!r}"
            self.get_logger().error(f"can't {name}: {traceback.format_exc()}")
            return TransitionCallbackReturn.ERROR
        return TransitionCallbackReturn.SUCCESS

    def _start(self) -> None:
        if self.state == "unconfigured":
            self.trigger_configure()
        if self.state == "inactive":
            self.trigger_activate()
        if self.state in ("active", "finalized"):
            self._stop_starting()
        elif self._starter is not None:
            self._starter.timer_period_ns = round(RETRY_S * 1e9)

    def _stop_starting(self) -> None:
        if self._starter is not None:
            self._starter.cancel()

    def _tell_refusal(self, transition: str) -> None:
        self.get_logger().warning(f"transition {transition} is not possible when {self.state}")

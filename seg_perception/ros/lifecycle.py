"""A lifecycle node that starts by itself, tells why it can't, and survives every request."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.timer import Timer

from seg_perception.core.errors import ConfigError, EngineBuildingError, SegPerceptionError
from seg_perception.ros.background_step import BackgroundStep
from seg_perception.ros.clock import steady_timer
from seg_perception.ros.rclpy_internals import (
    CONFIGURE,
    UNCONFIGURED,
    begin_transition,
    end_transition,
    lifecycle_state_machine,
    serve_transitions,
)

FIRST_ATTEMPT_S = 0.05
RETRY_S = 5.0
# `ros2 launch` waits 5 s after SIGINT before it sends SIGTERM.
LOADING_END_S = 2.0


class ManagedNode(LifecycleNode):
    """Maps the transitions to four steps, each of which may raise.

    `deactivate` and `cleanup` also follow a step that failed half-way. `configure` runs on a
    thread of its own when the executor asks for it: requests are answered meanwhile.

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
        self._configuring: BackgroundStep | None = None
        self._configuring_since_s = 0.0
        self._starting = False
        serve_transitions(self, self._configure_beside, self._tell_refusal)

    @property
    def is_active(self) -> bool:
        """Whether it takes and publishes messages."""
        return self._active

    @property
    def configuring_s(self) -> float | None:
        """For how long it configures; None where it does not."""
        if self._configuring is None:
            return None
        return time.monotonic() - self._configuring_since_s

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
        group = ReentrantCallbackGroup()
        self._starter = steady_timer(self, FIRST_ATTEMPT_S, self._start, group)

    def end(self) -> bool:
        """Go through the shutdown transition from whatever state, when no executor runs any more.

        Returns:
            False where a thread still configures: libraries can't be told to stop, and what it
            loaded is not freed.
        """
        self._stop_starting()
        configuring, self._configuring = self._configuring, None
        if configuring is not None:
            if not configuring.wait(LOADING_END_S):
                return False
            self._cleanup_if_configured()
            end_transition(self, TransitionCallbackReturn.FAILURE)
        if self.state in ("unconfigured", "inactive", "active"):
            self.trigger_shutdown()
        return True

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Configure."""
        del state
        self._configured = True
        return self._attempt_configure(self.configure)

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
        return self._recover()

    async def _configure_beside(self) -> bool:
        """Configure while the executor goes on; tells whether it worked."""
        begin_transition(self, CONFIGURE)
        self._configured = True
        self._configuring_since_s = time.monotonic()
        step = self._configuring = BackgroundStep("configure", self.configure, self.executor)
        await step.done
        self._configuring = None
        result = self._attempt_configure(step.result)
        end_transition(self, result)
        if result == TransitionCallbackReturn.ERROR:
            end_transition(self, self._recover())
        return bool(result == TransitionCallbackReturn.SUCCESS)

    def _attempt_configure(self, step: Callable[[], None]) -> TransitionCallbackReturn:
        result = self._attempt("configure", step)
        if result != TransitionCallbackReturn.SUCCESS:
            self._cleanup_if_configured()
        return result

    def _recover(self) -> TransitionCallbackReturn:
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

    async def _start(self) -> None:
        if self._starting or self._starter is None:
            return
        self._starter.timer_period_ns = round(RETRY_S * 1e9)
        self._starting = True
        if self.state == UNCONFIGURED:
            await self._configure_beside()
        if self.state == "inactive":
            self.trigger_activate()
        if self.state in ("active", "finalized"):
            self._stop_starting()
        self._starting = False

    def _stop_starting(self) -> None:
        if self._starter is not None:
            self._starter.cancel()

    def _tell_refusal(self, transition: str) -> None:
        self.get_logger().warning(f"transition {transition} is not possible when {self.state}")

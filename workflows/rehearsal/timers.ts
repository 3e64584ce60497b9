// Only in the rehearsal's bundle. A timer may fall due while a task is under way that cancels it. Temporal's server then drops the one for the
// other; the time-skipping test server answers that task with an error, forgets it, and the rehearsal waits for good. So a timer that is
// about to fire is not cancelled here but left to fire unheard.
import { CancellationScope, type WorkflowInterceptors } from '@temporalio/workflow';

/** More than a task takes on a busy machine, and a task never looks back at its timers. */
const aboutToFireMs = 5_000;

export const interceptors = (): WorkflowInterceptors => ({
  outbound: [{
    startTimer(input, next) {
      const outer = CancellationScope.current();
      if (!outer.cancellable || outer.consideredCancelled) return next(input);
      const due = Date.now() + input.durationMs;
      // A scope of its own, which hears of the outer one's end only from here.
      const timer = new CancellationScope({ cancellable: true, parent: new CancellationScope({ cancellable: false }) });
      const cancelled = outer.cancelRequested.catch((error: unknown) => {
        if (due - Date.now() > aboutToFireMs) timer.cancel();
        throw error;
      });
      return Promise.race([timer.run(() => next(input)), cancelled]);
    },
  }],
});

/** @dl/nas/queue: trials as jobs on BullMQ over Redis, for as many machines as one has. Needs the packages bullmq and ioredis. */

export { openTrialQueue, TrialQueue, type TrialQueueOptions } from "./trial-queue.ts";
export { serveTrials, TrialService, type TrialServiceOptions } from "./trial-service.ts";

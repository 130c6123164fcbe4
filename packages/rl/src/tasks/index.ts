/** Every task, for command lines and tests. */

import { ppoAcrobot } from "./acrobot.ts";
import { a2cCartPole, dqnCartPole, ppoCartPole, reinforceCartPole, trpoCartPole } from "./cart-pole.ts";
import { dqnCatch, ppoCatch, ppoDrivingTrack } from "./games.ts";
import { ppoMountainCarContinuous } from "./mountain-car-continuous.ts";
import { ddpgPendulum, ppoPendulum, sacPendulum, td3Pendulum } from "./pendulum.ts";
import { qBlackjack, qCliffWalking, qFrozenLake, qTaxi } from "./tables.ts";
import type { Task } from "./task.ts";

export const tasks: readonly Task[] = [
  ppoCartPole,
  dqnCartPole,
  a2cCartPole,
  reinforceCartPole,
  trpoCartPole,
  sacPendulum,
  td3Pendulum,
  ddpgPendulum,
  ppoPendulum,
  ppoAcrobot,
  ppoMountainCarContinuous,
  ppoCatch,
  dqnCatch,
  ppoDrivingTrack,
  qFrozenLake,
  qTaxi,
  qCliffWalking,
  qBlackjack,
];

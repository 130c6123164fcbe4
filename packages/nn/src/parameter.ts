/** The two kinds of state a module has: what is trained, and what is only kept. */

import { Cell } from "@dl/core";

/** A value that training changes: weights and biases. */
export class Parameter extends Cell {}

/** A value that is saved with the model and not trained: running statistics, fixed tables. */
export class Buffer extends Cell {}

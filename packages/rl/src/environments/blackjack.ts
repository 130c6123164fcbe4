/** Blackjack: as near to 21 as possible, and nearer than the dealer. Sutton and Barto, example 5.1; equal to Gymnasium's Blackjack-v1. */

import type { Rng } from "@dl/core";
import { rectangle } from "../drawing/drawing.ts";
import { Discrete } from "../spaces/discrete.ts";
import { MultiDiscrete } from "../spaces/multi-discrete.ts";
import type { System } from "../system.ts";

export interface BlackjackOptions {
  /** `book`: an ace and a ten at once win 1 unless the dealer has them too. `natural`: such a win gives 1.5. `plain`: it gives 1. Default `book`. */
  rules?: "book" | "natural" | "plain";
}

// A state: sum of the player's cards with aces as 1, whether there is an ace, the number of cards, then the same of the dealer, and the card the dealer shows.
const playerSum = 0;
const playerAce = 1;
const playerCards = 2;
const dealer = 3;
const shown = 6;

/**
 * Observation: the player's sum (aces as 11 where that fits), the dealer's open card (1 is an ace), whether an ace counts 11.
 * Action: 0 stick, 1 hit. Reward at the end: 1 won, 0 drawn, −1 lost. Cards come from an endless deck.
 */
export function blackjack({ rules = "book" }: BlackjackOptions = {}): System<Int32Array, number> {
  return {
    name: "Blackjack-v1",
    observationSpace: new MultiDiscrete([32, 11, 2]),
    actionSpace: new Discrete(2),
    rewardRange: [-1, rules === "natural" ? 1.5 : 1],
    stateSize: 7,
    start(state, at, rng) {
      state.fill(0, at, at + 7);
      state[at + shown] = take(state, at + dealer, rng);
      take(state, at + dealer, rng);
      take(state, at, rng);
      take(state, at, rng);
    },
    advance(state, at, move) {
      move.reward = 0;
      if (move.actions[move.actionAt] === 1) {
        take(state, at, move.rng);
        move.terminated = total(state, at) > 21;
        if (move.terminated) move.reward = -1;
        return;
      }
      while (total(state, at + dealer) < 17) take(state, at + dealer, move.rng);
      move.terminated = true;
      move.reward = Math.sign(score(state, at) - score(state, at + dealer));
      const natural = isNatural(state, at);
      if (rules === "book" && natural && !isNatural(state, at + dealer)) move.reward = 1;
      else if (rules === "natural" && natural && move.reward === 1) move.reward = 1.5;
    },
    observe(state, at, row, rowAt) {
      row[rowAt] = total(state, at);
      row[rowAt + 1] = state[at + shown]!;
      row[rowAt + 2] = softAce(state, at) ? 1 : 0;
    },
    draw(state, at) {
      const hand = (x: number, label: string, value: string) => [
        rectangle([x, 40], { width: 120, height: 140, fill: "#ffffff", stroke: "#202020" }),
        { kind: "text" as const, x: x + 60, y: 24, text: label, size: 18, fill: "#ffffff" },
        { kind: "text" as const, x: x + 60, y: 110, text: value, size: 44 },
      ];
      const sum = `${total(state, at)}${softAce(state, at) ? " (A)" : ""}`;
      return {
        width: 320,
        height: 200,
        background: "#1f6b3a",
        shapes: [...hand(20, "you", sum), ...hand(180, "dealer", state[at + shown] === 1 ? "A" : String(state[at + shown]))],
      };
    },
  };
}

/** Draws a card into the hand at `hand`, and gives its value. */
function take(state: Float64Array, hand: number, rng: Rng): number {
  const card = Math.min(rng.integer(1, 14), 10);
  state[hand + playerSum]! += card;
  if (card === 1) state[hand + playerAce] = 1;
  state[hand + playerCards]!++;
  return card;
}

function softAce(state: Float64Array, hand: number): boolean {
  return state[hand + playerAce] === 1 && state[hand + playerSum]! + 10 <= 21;
}

function total(state: Float64Array, hand: number): number {
  return state[hand + playerSum]! + (softAce(state, hand) ? 10 : 0);
}

/** The total, and 0 for a bust hand. */
function score(state: Float64Array, hand: number): number {
  return total(state, hand) > 21 ? 0 : total(state, hand);
}

/** An ace and a ten, and nothing else. */
function isNatural(state: Float64Array, hand: number): boolean {
  return state[hand + playerCards] === 2 && total(state, hand) === 21;
}

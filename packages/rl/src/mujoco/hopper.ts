/**
 * Hopper-v5: hop to the right on one leg. Erez, Tassa and Todorov 2011, "Infinite-horizon model predictive control"; after Gymnasium's.
 * The model is OpenAI Gym's and Gymnasium's (both MIT), without what only cameras see.
 */

import type { Environment } from "../environment.ts";
import type { MujocoModule } from "./mujoco-module.ts";
import { disturbSlightly, RobotEnvironment, type RobotOptions } from "./robot.ts";

const xml = `<mujoco model="hopper">
  <compiler angle="degree" inertiafromgeom="true"/>
  <default>
    <joint armature="1" damping="1" limited="true"/>
    <geom conaffinity="1" condim="1" contype="1" margin="0.001" solimp=".8 .8 .01" solref=".02 1"/>
    <motor ctrllimited="true" ctrlrange="-.4 .4"/>
  </default>
  <option integrator="RK4" timestep="0.002"/>
  <worldbody>
    <geom conaffinity="1" condim="3" name="floor" pos="0 0 0" size="20 20 .125" type="plane"/>
    <body name="torso" pos="0 0 1.25">
      <joint armature="0" axis="1 0 0" damping="0" limited="false" name="rootx" pos="0 0 -1.25" stiffness="0" type="slide"/>
      <joint armature="0" axis="0 0 1" damping="0" limited="false" name="rootz" pos="0 0 -1.25" ref="1.25" stiffness="0" type="slide"/>
      <joint armature="0" axis="0 1 0" damping="0" limited="false" name="rooty" pos="0 0 0" stiffness="0" type="hinge"/>
      <geom friction="0.9" name="torso_geom" size="0.05 0.19999999999999996" type="capsule"/>
      <body name="thigh" pos="0 0 -0.19999999999999996">
        <joint axis="0 -1 0" name="thigh_joint" pos="0 0 0" range="-150 0" type="hinge"/>
        <geom friction="0.9" pos="0 0 -0.22500000000000009" name="thigh_geom" size="0.05 0.22500000000000003" type="capsule"/>
        <body name="leg" pos="0 0 -0.70000000000000007">
          <joint axis="0 -1 0" name="leg_joint" pos="0 0 0.25" range="-150 0" type="hinge"/>
          <geom friction="0.9" name="leg_geom" size="0.04 0.25" type="capsule"/>
          <body name="foot" pos="0.13 0 -0.35">
            <joint axis="0 -1 0" name="foot_joint" pos="-0.13 0 0.1" range="-45 45" type="hinge"/>
            <geom friction="2.0" pos="-0.065 0 0.1" quat="0.70710678118654757 0 -0.70710678118654746 0" name="foot_geom" size="0.06 0.195" type="capsule"/>
          </body>
        </body>
      </body>
    </body>
  </worldbody>
  <actuator>
    <motor ctrllimited="true" ctrlrange="-1.0 1.0" gear="200.0" joint="thigh_joint"/>
    <motor ctrllimited="true" ctrlrange="-1.0 1.0" gear="200.0" joint="leg_joint"/>
    <motor ctrllimited="true" ctrlrange="-1.0 1.0" gear="200.0" joint="foot_joint"/>
  </actuator>
</mujoco>`;

/**
 * Observation, 11 numbers: height and pitch of the torso, angles of thigh, leg and foot (rad); then the velocities of these and of x, cut off at ±10.
 * Action: torques of the three joints, ±1. Reward: metres a second forward + 1 while it stands − 0.001 · squared action. It falls, and the episode
 * ends, below 0.7 m, beyond ±0.2 rad, or when anything beyond height is past ±100. 1000 steps of 0.008 s.
 */
export function hopper(mujoco: MujocoModule, options: RobotOptions = {}): Environment<Float32Array, Float32Array> {
  return new RobotEnvironment(
    mujoco,
    {
      name: "Hopper-v5",
      xml,
      frameSkip: 4,
      controlCost: 1e-3,
      velocityLimit: 10,
      disturb: disturbSlightly,
      healthy: (position, velocity) =>
        position[1]! > 0.7 &&
        Math.abs(position[2]!) < 0.2 &&
        position.subarray(2).every((value) => Math.abs(value) < 100) &&
        velocity.every((value) => Math.abs(value) < 100),
    },
    options,
  );
}

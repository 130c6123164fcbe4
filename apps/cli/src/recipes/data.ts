/** The data sets recipes train on. */

import { cifar10, cifar10Classes, fashionMnist, fashionMnistClasses, mnist, mnistClasses } from "@dl/data/node";
import type { RecipeData } from "./recipe.ts";

export const mnistData: RecipeData = {
  name: "mnist",
  classNames: mnistClasses,
  imageShape: [28, 28, 1],
  load: (split, options) => mnist({ split, ...options }),
};

export const fashionMnistData: RecipeData = {
  name: "fashion-mnist",
  classNames: fashionMnistClasses,
  imageShape: [28, 28, 1],
  load: (split, options) => fashionMnist({ split, ...options }),
};

export const cifar10Data: RecipeData = {
  name: "cifar10",
  classNames: cifar10Classes,
  imageShape: [32, 32, 3],
  load: (split, options) => cifar10({ split, ...options }),
};

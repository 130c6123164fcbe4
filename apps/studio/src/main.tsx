/** Where the studio starts. */

import "./style/base.css";
import "./style/shell.css";
import "./style/widgets.css";
import { render } from "preact";
import { sleepWithTab } from "./engine/sleep.ts";
import { registerOffline } from "./offline/register.ts";
import { App } from "./shell/app.tsx";
import { followAddress } from "./shell/place.ts";

followAddress();
render(<App />, document.querySelector("#app")!);
sleepWithTab();
registerOffline();

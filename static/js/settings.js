/** The settings that a browser keeps by itself. */
import { bind } from "./device.js";

bind(document);

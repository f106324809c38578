import{a,b,c,d,i as e}from"./chunk-LGK5SCNZ.js";export{b as AccessDenied,d as ConfigError,a as Unauthorized,c as Unavailable,e as authorization};

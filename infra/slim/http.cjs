// `require` and `getBuiltinModule` leave the lazy exports of a module of Node alone; `import` reads them all.
module.exports = process.getBuiltinModule('node:http')

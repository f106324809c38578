// `require` and `getBuiltinModule` do not load the lazy exports of Node's modules; `import` does.
module.exports = process.getBuiltinModule('node:http')

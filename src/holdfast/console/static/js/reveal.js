export function blurAll() {}

/** Benign words joined into commands that nobody wrote: a small grammar with a memory of its own, so that a seed says it all. */

/** Numbers from a seed (mulberry32). */
export const numbers = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

const pieces: Readonly<Record<string, readonly string[]>> = {
  script: ['C', 'C', 'C; C', 'C && C', 'C || C', 'C | C', 'C | C | C', 'C\nC', 'if C; then C; fi', 'for v in W W; do C; done', 'while C; do C; break; done', 'case W in W) C;; *) C;; esac', '{ C; }', '(C)', '! C', 'v=W; C', 'f() { C; }; f', 'until C; do C; break; done', 'C & C', 'C <<E\nW $(C)\nE\n', 'eval "C"', "sh -c 'C'", 'bash -c "C"', 'cd d && C', 'set -- W W; C', 'trap "C" EXIT', 'time C', 'timeout 1 C', 'nice C', 'env C', 'env X=W C', 'xargs C', 'C | xargs C', 'C | while read -r v; do C; done', 'command C', 'exec C', 'w=a; C'],
  C: ['P', 'P W', 'P W W', 'P O W', 'P O O W', 'P R', 'P W R', 'P O W R', 'v=W P W', 'echo S', 'find . T', 'find d T T', "sed 'X' F", "sed O 'X' F", "sed -n -e 'X' F", "awk 'A' F", "awk 'A'", 'sort O F', 'sort O O F', 'uniq F', 'uniq F F', 'tee', 'tee F', 'head O F', 'grep W F', 'xargs P', 'cat F R', 'true', ': R', 'test W', '[ W = W ]', 'printf W W', 'N W', 'N O W', 'wc -l F', 'B'],
  B: ['rm a', 'touch z', 'deploy now', 'mv a z', 'git branch z', 'git log --output=z', 'systemctl stop x', 'cp a z', 'git -c core.pager=z log'],
  N: ['rm', 'touch', 'git', 'systemctl', 'deploy', '"cat"', "'so'rt", 'c\\at', '/bin/cat', './a', '$v', '${v}', '$(echo cat)', '`echo ls`', 'l?', 'ec""ho'],
  P: ['cat', 'head', 'tail', 'sort', 'uniq', 'cut', 'tr', 'wc', 'grep', 'sed', 'awk', 'find', 'ls', 'tee', 'echo', 'printf', 'env', 'date', 'basename', 'nl', 'seq', 'rev', 'tac', 'read', 'export', 'set', 'eval', 'test', 'cd'],
  F: ['a', 'b', 'd/c', './a', '*', 'd/*', '?', '"a"', '$v', '"$v"', 'z', '-'],
  W: ['a', 'b', 'z', 'd/c', "'x y'", '"x;y"', '$v', '"$v"', '${v:-z}', '${v:=z}', '$(C)', '`C`', '"$(C)"', '$((1+2))', '$((v=3))', '*', '{a,b}', "a'b'c", 'x\\;y', '>', '-o', '-oz', '--output=z', '-i', 'w', 'rm', "$'a'", '"a\nb"', '#c', 'a#b', '~', '<(C)', '-exec', '{}', ';', '\\;', '1', '$@', "'$(C)'", '&', 'v=W', '!', '[[', ']]', '))', '${#v}', '$?', '@(a|b)', '\\', "'", '"'],
  S: ['"$(C)"', '`C`', "'C'", '$(C)', 'W W', '"W"', '\\$(C)', '"\\$(C)"', '"`C`"', "$'\\n'", '$(C | C)', '"${v:-$(C)}"', '$(( $(C) + 1 ))'],
  O: ['-n', '-r', '-o', '-oz', '-o z', '--output=z', '--outp=z', '-i', '-ni', '-i.k', '--in-place', '-u', '-k1', '-S1M', '-T.', '--compress-program=touch', '-c', '-e p', '-n1', '-t,', '--', '-f a', '-ro', '-nz', '-E', '-s', '-w', '-z', '-exec', '-0', '-I{}', '-c1', '-d,', '-F,', '-v x=1'],
  R: ['> z', '>> a', '2> z', '2>/dev/null', '> /dev/null', '< a', '2>&1', '>&2', '>| z', '<> z', '&> z', '>& z', '<<< W', '> "$v"', '1>z', '3> z', '> $(C)', '>&-', '<&-', '> d/c', '{x}> z'],
  T: ['-name W', "-name 'a*'", '-type f', '-delete', '-exec P {} \\;', '-exec N {} +', '-exec P {} +', '-fprint z', '-print', '-o', '! -name a', '-maxdepth 1', '-fls z', '-ls', '-exec sh -c "C" \\;', '-newer a', '-printf %p', '-quit', '( -name a )', '-execdir N {} \\;'],
  X: ['p', 's/a/b/', 's/a/b/w z', 'w z', '1w z', '$p', '/a/p', 's/o/touch z/e', '1e touch z', '/x/,/y/d', 's,a,b,', 's/[/]/x/w z', 'y/ab/ba/', 'a\\\nw z', 'i w z', 'r b', '1,2{p;w z\n}', 's/a/w z/', '# w z', 'b;w z', ':a;w z', 'l;w z', 'q', '$!N;P;D', 's/w z/e/', '/a\\/w z/p', '\\,w z,p', 's/a/b/gw z', 's/a/b/2p', 'e', 'c\\\nx', '1~2p', 'n;d', 'z;w z', 'F'],
  A: ['{print}', '{print $1}', '{print > "z"}', '{print $1 > 1}', '{print ($1 > 1)}', '$1 > 1', '/o/', '!/o/', 'BEGIN{system("touch z")}', '{print | "cat > z"}', '{"touch z" | getline}', 'BEGIN{getline; print}', '{printf "%s\\n", $1 >> "z"}', '/a/{print "x > y"}', '{x = $1 / 2; y = 3 / 1; print x > "z"}', '{ print /a/ ? 1 : 2 }', 'function f(x) { return x } {print f($1)}', '{print $1, $2 | "sort"}', '{a[$1]++} END{for(k in a) print k}', 'BEGIN { while ((getline l < "b") > 0) print l }', '{ if (1) /"/; print > "z" } #"', '{gsub(/>/, "x"); print}', '{print "a" "b" > "z"}', '# print > "z"\n{print}', '{print;print > "z"}', '{print a[1 > 0]}', '{close("x")}', 'END{print NR > "/dev/stderr"}', '{print -1 > "z"}', '{print $1 > "z" }', '{ print(1) > "z" }', '{ print (1)(2) > "z" }', '{ print 1, (2 > 1) }'],
}

/** One script; capital letters of the grammar are filled in until the words are plain. */
export const script = (next: () => number): string => {
  const fill = (text: string, depth: number): string =>
    text.replace(/\b[CBNPFWSORTXA]\b/g, (name) => {
      const options = depth > 5 ? ['a'] : (pieces[name] ?? ['a'])
      return fill(options[Math.floor(next() * options.length)] ?? 'a', depth + 1)
    })
  const all = pieces['script'] ?? ['C']
  return fill(all[Math.floor(next() * all.length)] ?? 'C', 0)
}

# Bash completion for the programs of imreg: options come from the program's own -help, other words are file names,
# the first of imcamera a verb.
_imreg() {
  local word=${COMP_WORDS[COMP_CWORD]}
  COMPREPLY=()
  if [[ ${COMP_WORDS[0]##*/} == imcamera && $COMP_CWORD == 1 && $word != -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "check coverage learn lint list" -- "$word")
  elif [[ $word == -* ]]; then
    local dash=-
    [[ $word == --* ]] && dash=--
    mapfile -t COMPREPLY < <(compgen -W "$("$1" -help 2> /dev/null | sed -n "s/^  -\([A-Za-z][A-Za-z0-9-]*\).*/$dash\1/p")" -- "$word")
  fi
}
complete -o default -F _imreg imregister imsearch showiminfo convertimreg imsim imcamera

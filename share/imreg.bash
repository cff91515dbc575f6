# Bash completion for the programs of imreg. Nothing about them is written here: options and verbs come from the program's
# own -help all, values from what it answers to a wrong one, filters and targets from the database that is named.
_imreg_options() {  # each option
  "$1" -help all 2> /dev/null | sed -n 's/^  -\([A-Za-z][A-Za-z0-9-]*\).*/\1/p'
}
_imreg_takes_word() {  # does this option?
  "$1" -help all 2> /dev/null | grep -Eq "^  -$2 [^ ]"
}
_imreg_verbs() {  # "check|learn|list" of the usage line
  "$1" -help 2> /dev/null | sed -n 's/^usage: [^ ]* \[OPTION...\] \[\{0,1\}\([a-z]*|[a-z|]*\).*/\1/p' | tr '|' '\n'
}
_imreg_values() {  # program, option, then -db PATH when it was typed
  local program=$1 option=$2 asked=$2 extra
  shift 2
  case $option in
    help)
      "$program" -help = 2>&1 < /dev/null | sed -n 's/.*there are an option.s name, \(.*\)/\1/p; $s/.*/all/p' | tr -d ' ' | tr , '\n' | sort -u
      return ;;
    sort | group) asked=fields ;;
    fields | type | mode | format | to) ;;
    filter | object | instrument) "$program" "$@" -nopager -group "$option" -format tsv 2> /dev/null | sed 1d | cut -f 1; return ;;
    from | with) extra=${program%imsearch}; "${extra%imkeys}imkeys" "$@" -nopager -fields table -format tsv 2> /dev/null | sed 1d; return ;;
    proc | dist) printf 't\nf\n'; return ;;
    *) return ;;
  esac
  for extra in "" "=" "= ="; do  # as many other words as it needs to look at the option
    "$program" "$@" -$asked = $extra 2>&1 < /dev/null |
      sed -n 's/ and /, /; s/^[^ ]*: .*\(there are:\{0,1\}\|one of the words\|none of\) \(.*\)/\2/p' | tr -d ' ' | tr , '\n'
  done | sort -u
}
_imreg() {
  local word=${COMP_WORDS[COMP_CWORD]} program=$1 option= i list=() database=()
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; ++i)); do
    [[ ${COMP_WORDS[i]} == -db || ${COMP_WORDS[i]} == --db ]] && database=(-db "${COMP_WORDS[i + 1]}")
  done
  ((COMP_CWORD > 1)) && [[ ${COMP_WORDS[COMP_CWORD - 1]} == -?* ]] && option=${COMP_WORDS[COMP_CWORD - 1]##-} && option=${option#-}
  if [[ $option == help ]] || { [[ -n $option ]] && _imreg_takes_word "$program" "$option"; }; then
    # The last word of a list, perhaps behind ! or, of a key, behind -.
    local before=${word%"${word##*[,!]}"}
    local last=${word#"$before"}
    [[ $option == sort && $last == -* ]] && before+=- last=${last#-}
    mapfile -t list < <(_imreg_values "$program" "$option" "${database[@]}")
    for i in "${list[@]}"; do
      [[ ${i,,} == "${last,,}"* ]] && COMPREPLY+=("$before$(printf %q "$i")")
    done
    [[ $option == sort || $option == fields || $option == group ]] && compopt -o nospace 2> /dev/null || :
  elif [[ $word == -* ]]; then
    local dash=-
    [[ $word == --* ]] && dash=--
    mapfile -t COMPREPLY < <(compgen -P "$dash" -W "$(_imreg_options "$program")" -- "${word#"$dash"}")
  elif ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W "$(_imreg_verbs "$program")" -- "$word")
  fi
  return 0
}
complete -o default -F _imreg imregister imsearch showiminfo convertimreg imregtable imsim imcamera imcheck imbackup imrelocate immv imrm imsort imwatch imqueue imelixir imstats imstatreg imstatus imtemps imingest imheader imkeys imlook

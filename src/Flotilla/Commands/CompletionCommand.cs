using System.CommandLine;

namespace Flotilla.Commands;

/// <summary>What a shell needs to complete our commands; the words themselves come from the commands as they are.</summary>
internal static class CompletionCommand
{
    private const string Bash = """
        _flotilla() {
            local IFS=$'\n'
            COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2> /dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o default -F _flotilla flotilla ./flotilla
        """;

    private const string Zsh = """
        #compdef flotilla
        _flotilla() {
            local -a words_
            words_=("${(@f)$(${words[1]} "[suggest:${#BUFFER}]" "$BUFFER" 2> /dev/null)}")
            compadd -a words_
        }
        compdef _flotilla flotilla
        """;

    private const string Fish = """
        complete -f -c flotilla -a '(flotilla "[suggest:"(commandline -C)"]" (commandline) 2> /dev/null)'
        """;

    public static Command Create() => new("completion", "Print what makes a shell complete our commands, e.g. source <(flotilla completion bash).")
    {
        For("bash", Bash), For("zsh", Zsh), For("fish", Fish),
    };

    private static Command For(string shell, string script)
    {
        var command = new Command(shell, $"For {shell}.");
        command.SetAction(_ => Console.WriteLine(script));
        return command;
    }
}

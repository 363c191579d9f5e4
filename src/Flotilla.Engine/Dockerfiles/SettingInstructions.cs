using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Docker;
using Flotilla.Engine.Containers;

namespace Flotilla.Engine.Dockerfiles;

/// <summary>Instructions that change what an image says, and none of its files. Pure.</summary>
/// <param name="settings">The image's, changed in place.</param>
internal sealed class SettingInstructions(JsonObject settings, ShellWords words)
{
    private bool hasCommand;

    /// <summary>Those that <c>docker commit --change</c> takes, and a build does not answer otherwise.</summary>
    public static IReadOnlySet<string> Keywords { get; } =
        new HashSet<string>(["CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "ONBUILD", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"], StringComparer.Ordinal);

    public IReadOnlyList<string> Shell => settings.Array("Shell") is { Count: > 0 } shell ? [.. shell.Select(word => word.AsString() ?? "")] : ["/bin/sh", "-c"];

    /// <returns>What history says of it.</returns>
    /// <exception cref="DockerfileException">It does not say what it must.</exception>
    public string Apply(Instruction instruction)
    {
        try
        {
            return instruction.Keyword switch
            {
                "CMD" => Command(instruction),
                "ENTRYPOINT" => Entrypoint(instruction),
                "ENV" => Environment(instruction),
                "LABEL" => Label(instruction),
                "EXPOSE" => Expose(instruction),
                "VOLUME" => Volume(instruction),
                "USER" => Text(instruction, "User"),
                "STOPSIGNAL" => StopSignal(instruction),
                "WORKDIR" => WorkingDirectory(instruction),
                "HEALTHCHECK" => Healthcheck(instruction),
                "SHELL" => SetShell(instruction),
                "ONBUILD" => OnBuild(instruction),
                _ => throw instruction.Wrong($"{instruction.Keyword} changes no settings"),
            };
        }
        catch (FormatException wrong)
        {
            throw instruction.Wrong($"{instruction.Keyword}: {wrong.Message}");
        }
    }

    /// <summary>A name and a value each; <c>NAME words of the value</c> is the old way to write one.</summary>
    public static IReadOnlyList<(string Name, string Value)> Pairs(Instruction instruction, ShellWords words)
    {
        var parts = words.Split(instruction.Rest);
        if (!parts[0].Contains('=', StringComparison.Ordinal))
        {
            return parts.Count > 1
                ? [(words.Expand(parts[0]), words.Expand(instruction.Rest[parts[0].Length..].Trim()))]
                : throw instruction.Wrong($"{instruction.Keyword} must have two arguments, a name and a value: {instruction.Keyword} {parts[0]}=...");
        }

        return [.. parts.Select(part => part.Split('=', 2) switch
        {
            [{ Length: > 0 } name, var value] => (words.Expand(name), words.Expand(value)),
            ["", _] => throw instruction.Wrong($"{instruction.Keyword} names can not be blank"),
            _ => throw instruction.Wrong($"Syntax error - can't find = in \"{part}\". Must be of the form: name=value"),
        })];
    }

    private IReadOnlyList<string> Line(Instruction instruction) => instruction.Array ?? [.. Shell, instruction.Rest];

    private string Command(Instruction instruction)
    {
        var line = Line(instruction);
        settings["Cmd"] = List(line);
        hasCommand = true;
        return $"CMD {Quoted(line)}";
    }

    private string Entrypoint(Instruction instruction)
    {
        var line = Line(instruction);
        settings["Entrypoint"] = List(line);
        if (!hasCommand)
        {
            // The command of the image below was meant for another program.
            settings.Remove("Cmd");
        }

        return $"ENTRYPOINT {Quoted(line)}";
    }

    private string Environment(Instruction instruction)
    {
        var pairs = Pairs(instruction, words);
        foreach (var (name, value) in pairs)
        {
            SetEnvironment(name, value);
        }

        return "ENV " + string.Join(' ', pairs.Select(pair => $"{pair.Name}={pair.Value}"));
    }

    private void SetEnvironment(string name, string value)
    {
        if (settings["Env"] is not JsonArray lines)
        {
            settings["Env"] = lines = [];
        }

        var at = lines.Index().FirstOrDefault(line => (line.Item.AsString() ?? "").StartsWith(name + "=", StringComparison.Ordinal), (-1, null)).Index;
        if (at < 0)
        {
            lines.Add($"{name}={value}");
        }
        else
        {
            lines[at] = $"{name}={value}";
        }
    }

    private string Label(Instruction instruction)
    {
        var pairs = Pairs(instruction, words);
        foreach (var (name, value) in pairs)
        {
            settings.Child("Labels")[name] = value;
        }

        return "LABEL " + string.Join(' ', pairs.Select(pair => $"{pair.Name}={pair.Value}"));
    }

    private string Expose(Instruction instruction)
    {
        var ports = words.Split(instruction.Rest).SelectMany(word => words.Split(words.Expand(word))).ToList();
        foreach (var port in ports.SelectMany(Ports))
        {
            settings.Child("ExposedPorts")[port] = new JsonObject();
        }

        return "EXPOSE " + string.Join(' ', ports.Order(StringComparer.Ordinal));
    }

    private static IEnumerable<string> Ports(string text)
    {
        var parts = text.Split('/');
        var range = parts[0].Split('-');
        var protocol = parts.Length > 1 ? parts[1].ToLowerInvariant() : "tcp";
        if (parts.Length > 2 || protocol is not ("tcp" or "udp" or "sctp"))
        {
            throw new FormatException($"invalid proto: {string.Join('/', parts[1..])}; it is tcp, udp or sctp");
        }

        if (range.Length > 2 || !ushort.TryParse(range[0], NumberStyles.None, CultureInfo.InvariantCulture, out var first) || !ushort.TryParse(range[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var last) || first > last || first == 0)
        {
            throw new FormatException($"invalid containerPort: {text}; a port or a range like 8000-8010, with /udp or not");
        }

        return Enumerable.Range(first, last - first + 1).Select(port => string.Create(CultureInfo.InvariantCulture, $"{port}/{protocol}"));
    }

    private string Volume(Instruction instruction)
    {
        var paths = (instruction.Array ?? words.Split(instruction.Rest)).Select(words.Expand).ToList();
        foreach (var path in paths)
        {
            settings.Child("Volumes")[path.Trim().Length > 0 ? path : throw new FormatException("it specified can not be an empty string")] = new JsonObject();
        }

        return $"VOLUME [{string.Join(' ', paths)}]";
    }

    private string Text(Instruction instruction, string name)
    {
        var text = words.Expand(instruction.Rest);
        settings[name] = text;
        return $"{instruction.Keyword} {text}";
    }

    private string StopSignal(Instruction instruction)
    {
        var text = words.Expand(instruction.Rest);
        settings["StopSignal"] = Signals.Number(text) is null ? throw new FormatException($"invalid signal: {text}; a name like SIGTERM or a number") : text;
        return "STOPSIGNAL " + text;
    }

    private string WorkingDirectory(Instruction instruction)
    {
        var wanted = words.Expand(instruction.Rest);
        var path = Path.GetFullPath(wanted, settings.String("WorkingDir") is { Length: > 0 } current ? current : "/");
        settings["WorkingDir"] = path;
        return "WORKDIR " + path;
    }

    private string OnBuild(Instruction instruction)
    {
        var trigger = OnBuildInstruction.Trigger(instruction);
        if (settings["OnBuild"] is not JsonArray triggers)
        {
            settings["OnBuild"] = triggers = [];
        }

        triggers.Add((JsonNode)trigger);
        return "ONBUILD " + trigger;
    }

    private string SetShell(Instruction instruction)
    {
        var line = instruction.Array is { Count: > 0 } given ? given : throw new FormatException("it is written as a JSON array: SHELL [\"/bin/bash\", \"-c\"]");
        settings["Shell"] = List(line);
        return $"SHELL [{string.Join(' ', line)}]";
    }

    private string Healthcheck(Instruction instruction)
    {
        var check = HealthcheckInstruction.Parse(instruction);
        settings["Healthcheck"] = check;
        return "HEALTHCHECK " + instruction.Rest;
    }

    private static JsonArray List(IEnumerable<string> line) => WireJson.Array(line.Select(word => (JsonNode)word));

    private static string Quoted(IEnumerable<string> line) => $"[{string.Join(' ', line.Select(word => $"\"{word.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\""))}]";
}

using System.Text.Json;

namespace Flotilla.Conformance.Node;

/// <summary>Manifests of pods with one container <c>main</c> that runs a script. Extras are lines of flow-style YAML.</summary>
internal static class PodYaml
{
    /// <summary>A pod that runs to its end.</summary>
    public static string Once(string name, string script, string container = "", params string[] spec) =>
        For(name, Container("main", script, container), ["restartPolicy: Never", .. spec]);

    /// <summary>A pod that runs until it is stopped.</summary>
    public static string Server(string name, string container = "", params string[] spec) => For(name, Container("main", "sleep 3600", container), spec);

    public static string For(string name, string containers, params string[] spec) =>
        $"metadata: {{name: {name}, labels: {{app: {name}}}}}\nspec:\n  containers:\n  - {containers}\n{string.Concat(spec.Select(line => $"  {line}\n"))}";


    public static string Container(string name, string script, string extra = "") =>
        $"{{name: {name}, image: my-image, imagePullPolicy: Never, command: [sh, -c, {JsonSerializer.Serialize(script)}]{(extra.Length > 0 ? ", " : "")}{extra}}}";
}

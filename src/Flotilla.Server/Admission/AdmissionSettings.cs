using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Server.Admission.PodSecurity;
using Flotilla.Server.Http;

namespace Flotilla.Server.Admission;

/// <summary>
/// What a file of kind AdmissionConfiguration (apiserver.config.k8s.io/v1) says about admission plugins. Its plugins carry
/// their configuration in themselves or name a file beside it.
/// </summary>
internal sealed record AdmissionSettings
{
    private const string Kind = "AdmissionConfiguration";

    public PodSecuritySettings PodSecurity { get; init; } = PodSecuritySettings.None;

    /// <exception cref="InvalidDataException">Not such a configuration; all that is wrong is listed.</exception>
    public static AdmissionSettings Load(string? file)
    {
        if (file is null)
        {
            return new AdmissionSettings();
        }

        var (settings, problems) = (new AdmissionSettings(), new List<string>());
        var content = Parse(file, problems);
        if (content.String("kind") != Kind || content.String("apiVersion") != "apiserver.config.k8s.io/v1")
        {
            problems.Add($"it must be of kind {Kind}, apiserver.config.k8s.io/v1");
        }

        foreach (var plugin in content.Objects("plugins"))
        {
            settings = Read(settings, plugin, Path.GetDirectoryName(Path.GetFullPath(file))!, problems);
        }

        return problems.Count == 0 ? settings : throw new InvalidDataException($"The admission configuration {file} is invalid: {string.Join("; ", problems)}.");
    }

    private static AdmissionSettings Read(AdmissionSettings settings, JsonObject plugin, string directory, List<string> problems)
    {
        var name = plugin.String("name") ?? "";
        if (name != "PodSecurity")
        {
            problems.Add($"plugin \"{name}\" takes no configuration; PodSecurity does");
            return settings;
        }

        var configuration = plugin.Object("configuration") ?? (plugin.String("path") is { Length: > 0 } path ? Parse(Path.Combine(directory, path), problems) : []);
        return settings with { PodSecurity = PodSecuritySettings.Read(configuration, problems) };
    }

    private static JsonObject Parse(string file, List<string> problems)
    {
        try
        {
            return YamlReader.Parse(File.ReadAllBytes(file)) as JsonObject ?? [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or GoJsonException)
        {
            problems.Add($"{file} cannot be read: {error.Message}");
            return [];
        }
    }
}

using System.Globalization;
using System.Text.Json;
using Flotilla.Api.Pods;
using Flotilla.Node.Pods;
using k8s.Models;

namespace Flotilla.Node.Volumes;

/// <summary>Gives files the owners that the pod's annotation names. Pure.</summary>
internal static class FileOwners
{
    /// <exception cref="VolumeException">The annotation cannot be read.</exception>
    public static IReadOnlyCollection<VolumeFile> Give(V1Pod pod, string volume, IReadOnlyCollection<VolumeFile> files)
    {
        if (pod.GetAnnotation(PodAnnotations.FileOwners) is not { } text)
        {
            return files;
        }
        var owners = Read(text);
        return [.. files.Select(file => owners.TryGetValue($"{volume}/{file.Path}", out var owner) ? Of(file, owner) : file)];
    }

    private static VolumeFile Of(VolumeFile file, string owner) => owner.Split(':') switch
    {
        [var user, var group] => file with { Owner = Number(user), Group = Number(group) },
        _ => throw Invalid(owner),
    };

    private static Dictionary<string, string> Read(string text)
    {
        try
        {
            return JsonSerializer.Deserialize<Dictionary<string, string>>(text) ?? [];
        }
        catch (JsonException)
        {
            throw Invalid(text);
        }
    }

    private static long Number(string text) => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw Invalid(text);

    private static VolumeException Invalid(string text) => new($"annotation {PodAnnotations.FileOwners}: invalid value \"{text}\"");
}

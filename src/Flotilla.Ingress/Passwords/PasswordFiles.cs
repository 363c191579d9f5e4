using System.Collections.Concurrent;
using System.Text;
using Flotilla.Api;
using Flotilla.Ingress.Secrets;
using k8s.Models;

namespace Flotilla.Ingress.Passwords;

/// <summary>Secrets read as files of passwords, each version once.</summary>
internal sealed class PasswordFiles(ISecrets secrets)
{
    private const string FileKey = "auth";
    private readonly ConcurrentDictionary<(ObjectKey Secret, bool IsMap), (string? Version, PasswordFile? File)> files = new();

    /// <summary>null: there is no such Secret, or nothing in it.</summary>
    public PasswordFile? Of(ObjectKey key, bool isMap)
    {
        if (secrets.Get(key) is not { } secret)
        {
            return null;
        }

        if (files.TryGetValue((key, isMap), out var known) && known.Version == secret.Metadata.ResourceVersion)
        {
            return known.File;
        }

        var file = Read(secret, isMap);
        files[(key, isMap)] = (secret.Metadata.ResourceVersion, file);
        return file;
    }

    public static PasswordFile? Read(V1Secret secret, bool isMap) =>
        isMap ? PasswordFile.OfMap(secret.Data ?? new Dictionary<string, byte[]>())
        : secret.Data?.TryGetValue(FileKey, out var lines) == true ? PasswordFile.OfLines(Encoding.UTF8.GetString(lines))
        : null;
}

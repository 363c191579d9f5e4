using System.Text;
using Flotilla.Local;
using Flotilla.Server;
using Flotilla.Server.Identity;
using Flotilla.Storage;

namespace Flotilla.Backups;

/// <summary>
/// Whether a control plane could come back from a backup: all its keys are there, and they open what is stored. Sealed keys are taken
/// at their word when what seals them is there: only the unlock key could tell.
/// </summary>
internal static class BackupCheck
{
    private static readonly string[] Needed = ["pki/ca.crt", "pki/ca.key", "pki/encryption.key", "pki/service-accounts.key"];

    /// <exception cref="UserError">It could not.</exception>
    public static void Verify(BackupContent content)
    {
        if (Needed.FirstOrDefault(name => !content.Files.ContainsKey(name)) is { } missing)
        {
            throw new UserError($"The backup lacks {missing}; use another.");
        }

        var keys = content.Files["pki/encryption.key"];
        var isSealed = Envelope.IsSealed(keys);
        if (isSealed && !content.Files.ContainsKey($"pki/{FileSeal.FileName}"))
        {
            throw new UserError($"The keys of the backup are sealed, and it lacks pki/{FileSeal.FileName}; use another.");
        }

        var known = Encoding.UTF8.GetString(keys).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[0]).ToHashSet();
        var count = 0;
        foreach (var entry in content.State)
        {
            count++;
            if (!isSealed && ApiServer.EncryptedPrefixes.Any(prefix => entry.Key.StartsWith(prefix, StringComparison.Ordinal)) && EncryptedStore.KeyIdOf(entry.Value) is { } id && !known.Contains(id))
            {
                throw new UserError($"The backup lacks the key {id}, with which {entry.Key} is encrypted; use another.");
            }
        }

        if (count != content.Manifest.Objects)
        {
            throw new UserError($"The backup holds {count} objects of {content.Manifest.Objects}; use another.");
        }
    }
}

using Flotilla.Client.Joining;
using Flotilla.Storage;

namespace Flotilla.Server.Identity;

/// <summary>The keys of what is encrypted at rest, newest first: one <c>id base64</c> per line. The file is replaced as a whole.</summary>
internal sealed class EncryptionKeyFile(PrivateFiles files)
{
    private const string FileName = ServerKeys.Encryption;
    private const int KeyBytes = 32;

    public IReadOnlyList<EncryptionKey> Load() => files.Read(FileName) is { } text ? Parse(text) : Rotate();

    /// <summary>Puts a new key first. It is on disk before anything is encrypted with it.</summary>
    public IReadOnlyList<EncryptionKey> Rotate()
    {
        List<EncryptionKey> keys = [EncryptionKey.Create(), .. Parse(files.Read(FileName) ?? "")];
        files.WriteSecret(FileName, Text(keys));
        return keys;
    }

    public KeyChange Plan()
    {
        var (key, known) = (EncryptionKey.Create(), Load());
        return new KeyChange(FileName, Text([known[0], key, .. known.Skip(1)]), Text([key, .. known]));
    }

    /// <summary>Null: it lacks a key that there is, under which something may be stored.</summary>
    /// <exception cref="InvalidDataException">It is no file of keys.</exception>
    public IReadOnlyList<EncryptionKey>? Adopt(string text)
    {
        var keys = Parse(text);
        if (Load().Any(known => keys.All(key => key.Id != known.Id)))
        {
            return null;
        }

        files.WriteSecret(FileName, Text(keys));
        return keys;
    }

    private static string Text(IEnumerable<EncryptionKey> keys) => string.Concat(keys.Select(key => $"{key.Id} {Convert.ToBase64String(key.Secret.Span)}\n"));

    private List<EncryptionKey> Parse(string text)
    {
        var keys = new List<EncryptionKey>();
        foreach (var line in text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var secret = new byte[KeyBytes];
            if (line.Split(' ') is not [{ Length: > 0 and < 256 } id, var encoded] || !Convert.TryFromBase64String(encoded, secret, out var length) || length != KeyBytes)
            {
                throw new InvalidDataException($"{files.PathOf(FileName)} is damaged: each line is an id and {KeyBytes} bytes in base64.");
            }

            keys.Add(new EncryptionKey(id, secret));
        }

        return keys;
    }
}

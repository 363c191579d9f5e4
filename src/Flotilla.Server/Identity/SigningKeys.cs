using System.Security.Cryptography;
using Flotilla.Client.Joining;

namespace Flotilla.Server.Identity;

/// <summary>The keys of service account tokens, newest first, all in one file.</summary>
internal sealed class SigningKeys(PrivateFiles files)
{
    private const string FileName = ServerKeys.Tokens;

    // Tokens live an hour, those of pods a year at most: no cluster needs more.
    private const int MaxKeys = 4;

    public IReadOnlyList<ECDsa> Load() => files.Read(FileName) is { } text ? Parse(text) : Rotate();

    public IReadOnlyList<ECDsa> Rotate()
    {
        List<ECDsa> keys = [ECDsa.Create(ECCurve.NamedCurves.nistP256), .. Parse(files.Read(FileName) ?? "").Take(MaxKeys - 1)];
        files.WriteSecret(FileName, Text(keys));
        return keys;
    }

    public KeyChange Plan()
    {
        var (key, known) = (ECDsa.Create(ECCurve.NamedCurves.nistP256), Load().Take(MaxKeys - 1).ToList());
        return new KeyChange(FileName, Text([known[0], key, .. known.Skip(1)]), Text([key, .. known]));
    }

    /// <summary>Null: it lacks the key that signs at present.</summary>
    /// <exception cref="ArgumentException">It is no file of keys.</exception>
    public IReadOnlyList<ECDsa>? Adopt(string text)
    {
        var (keys, signing) = (Parse(text), Public(Load()[0]));
        if (keys.All(key => Public(key) != signing))
        {
            return null;
        }

        files.WriteSecret(FileName, Text(keys));
        return keys;
    }

    private static string Public(ECDsa key) => Convert.ToBase64String(key.ExportSubjectPublicKeyInfo());

    private static string Text(IEnumerable<ECDsa> keys) => string.Join('\n', keys.Select(key => key.ExportPkcs8PrivateKeyPem())) + "\n";

    private static IReadOnlyList<ECDsa> Parse(string text)
    {
        var keys = new List<ECDsa>();
        var rest = text.AsSpan();
        while (PemEncoding.TryFind(rest, out var fields))
        {
            var key = ECDsa.Create();
            key.ImportFromPem(rest[fields.Location]);
            keys.Add(key);
            rest = rest[fields.Location.End..];
        }

        return keys;
    }
}

using System.Security.Cryptography;

namespace Flotilla.Server.Identity;

/// <summary>The keys of service account tokens, newest first, all in one file.</summary>
internal sealed class SigningKeys(PrivateFiles files)
{
    private const string FileName = "service-accounts.key";

    // Tokens live an hour, those of pods a year at most: no cluster needs more.
    private const int MaxKeys = 4;

    public IReadOnlyList<ECDsa> Load() => files.Read(FileName) is { } text ? Parse(text) : Rotate();

    public IReadOnlyList<ECDsa> Rotate()
    {
        List<ECDsa> keys = [ECDsa.Create(ECCurve.NamedCurves.nistP256), .. Parse(files.Read(FileName) ?? "").Take(MaxKeys - 1)];
        files.WriteSecret(FileName, string.Join('\n', keys.Select(key => key.ExportPkcs8PrivateKeyPem())) + "\n");
        return keys;
    }

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

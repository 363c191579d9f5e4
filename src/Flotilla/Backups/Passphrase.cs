using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Flotilla.Local;

namespace Flotilla.Backups;

/// <summary>
/// Seals a stream under a passphrase: <c>salt(16) iterations(4)</c>, then pieces of a MiB and their tags by AES-256-GCM, under
/// a key that PBKDF2 makes from the passphrase and the salt, so that counting suffices for nonces. A piece knows its place
/// and whether it is the last: none can be moved or left out.
/// </summary>
internal static class Passphrase
{
    public const int HeaderBytes = SaltBytes + sizeof(int);
    public const int TagBytes = 16;
    public const int PieceBytes = 1024 * 1024;

    private const int SaltBytes = 16;
    private const int NonceBytes = 12;
    private const int KeyBytes = 32;
    private const int Iterations = 600_000;
    private const int MostIterations = 10_000_000;

    /// <exception cref="UserError">The file is missing or empty.</exception>
    public static string? ReadFile(string? path)
    {
        if (path is null)
        {
            return null;
        }

        if (!File.Exists(path))
        {
            throw new UserError($"The passphrase file {path} does not exist.");
        }

        return File.ReadLines(path).FirstOrDefault() is { Length: > 0 } line ? line : throw new UserError($"The first line of {path} is empty; it must be the passphrase.");
    }

    public static byte[] NewHeader()
    {
        var header = new byte[HeaderBytes];
        RandomNumberGenerator.Fill(header.AsSpan(0, SaltBytes));
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(SaltBytes), Iterations);
        return header;
    }

    /// <exception cref="UserError">That is no header.</exception>
    public static AesGcm Cipher(ReadOnlySpan<byte> header, string passphrase)
    {
        var iterations = BinaryPrimitives.ReadInt32BigEndian(header[SaltBytes..]);
        if (iterations is < 1 or > MostIterations)
        {
            throw new UserError("The backup is damaged.");
        }

        var key = Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(passphrase), header[..SaltBytes], iterations, HashAlgorithmName.SHA256, KeyBytes);
        return new AesGcm(key, TagBytes);
    }

    public static byte[] Nonce(int piece, bool isLast)
    {
        var nonce = new byte[NonceBytes];
        BinaryPrimitives.WriteInt32BigEndian(nonce, piece);
        nonce[^1] = isLast ? (byte)1 : (byte)0;
        return nonce;
    }
}

using System.Security.Cryptography;

namespace Flotilla.Backups;

/// <summary>What is written goes out sealed, as <see cref="Passphrase"/> describes; closing it writes the last piece.</summary>
internal sealed class SealingStream : OneWayStream
{
    private readonly Stream target;
    private readonly AesGcm cipher;
    private readonly byte[] plain = new byte[Passphrase.PieceBytes];
    private readonly byte[] tagged = new byte[Passphrase.PieceBytes + Passphrase.TagBytes];
    private int filled;
    private int piece;

    /// <param name="target">Stays open.</param>
    public SealingStream(Stream target, string passphrase)
    {
        this.target = target;
        var header = Passphrase.NewHeader();
        cipher = Passphrase.Cipher(header, passphrase);
        target.Write(header);
    }

    public override bool CanWrite => true;

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            // Only now is it known that the full piece is not the last.
            if (filled == plain.Length)
            {
                Seal(isLast: false);
            }

            var part = buffer[..Math.Min(buffer.Length, plain.Length - filled)];
            part.CopyTo(plain.AsSpan(filled));
            filled += part.Length;
            buffer = buffer[part.Length..];
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Seal(isLast: true);
            cipher.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Seal(bool isLast)
    {
        cipher.Encrypt(Passphrase.Nonce(piece++, isLast), plain.AsSpan(0, filled), tagged.AsSpan(0, filled), tagged.AsSpan(filled, Passphrase.TagBytes));
        target.Write(tagged.AsSpan(0, filled + Passphrase.TagBytes));
        filled = 0;
    }
}

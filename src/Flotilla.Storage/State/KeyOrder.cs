namespace Flotilla.Storage;

/// <summary>Orders keys by their UTF-8 bytes, as every backend does, so that pages agree between them.</summary>
internal sealed class KeyOrder : IComparer<StoredEntry>
{
    public static readonly KeyOrder Instance = new();

    public int Compare(StoredEntry x, StoredEntry y) => Compare(x.Key, y.Key);

    public static int Compare(string left, string right)
    {
        var length = Math.Min(left.Length, right.Length);
        var same = left.AsSpan().CommonPrefixLength(right);
        if (same == length)
        {
            return left.Length.CompareTo(right.Length);
        }

        // UTF-16 puts surrogates below U+E000..U+FFFF, UTF-8 puts what they stand for above.
        var (l, r) = (left[same], right[same]);
        return char.IsSurrogate(l) == char.IsSurrogate(r) ? l.CompareTo(r) : char.IsSurrogate(l) ? 1 : -1;
    }

    /// <summary>The least key greater than every key with this prefix; null: there is none.</summary>
    public static string? After(string prefix)
    {
        // U+10FFFF sorts after all else, and no key of ours contains it.
        return prefix.Length == 0 ? null : prefix + "\U0010FFFF";
    }
}

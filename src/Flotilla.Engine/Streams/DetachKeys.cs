using Flotilla.Docker;

namespace Flotilla.Engine.Streams;

/// <summary>The keys that leave a container's terminal without ending it: ctrl-p ctrl-q, or what the user prefers.</summary>
internal sealed class DetachKeys(byte[] keys)
{
    private static readonly byte[] Usual = [16, 17];
    private int matched;

    /// <param name="text">Like <c>ctrl-p,ctrl-q</c>; empty: the usual ones.</param>
    public static DetachKeys Parse(string? text) => new(string.IsNullOrEmpty(text) ? Usual : [.. text.Split(',').Select(Key)]);

    /// <summary>What the process is to get of this input, and whether the user leaves.</summary>
    public (byte[] Passed, bool IsLeaving) Take(ReadOnlySpan<byte> input)
    {
        List<byte> passed = [];
        foreach (var key in input)
        {
            if (key == keys[matched])
            {
                if (++matched == keys.Length)
                {
                    return ([.. passed], true);
                }

                continue;
            }

            // What had looked like the beginning is input after all.
            passed.AddRange(keys.AsSpan(0, matched));
            matched = key == keys[0] ? 1 : 0;
            if (matched == 0)
            {
                passed.Add(key);
            }
        }

        return ([.. passed], false);
    }

    private static byte Key(string name) => name.Length == 1 ? (byte)name[0]
        : name.StartsWith("ctrl-", StringComparison.Ordinal) && name.Length == 6 && name[5] is >= '@' and <= '_' or >= 'a' and <= 'z' ? (byte)(char.ToUpperInvariant(name[5]) - '@')
        : throw DockerException.BadRequest($"Invalid detach keys ({name}) provided");
}

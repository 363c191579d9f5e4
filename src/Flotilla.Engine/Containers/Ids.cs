using System.Security.Cryptography;

namespace Flotilla.Engine.Containers;

/// <summary>Docker's long ids: 64 hexadecimal digits, never a number alone in the first twelve.</summary>
internal static class Ids
{
    public static string New()
    {
        while (true)
        {
            var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
            if (id.AsSpan(0, 12).ContainsAnyInRange('a', 'f'))
            {
                return id;
            }
        }
    }
}

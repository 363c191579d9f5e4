using System.Security.Cryptography;
using System.Text;

namespace Flotilla.Engine.Images;

/// <summary>Under which name the snapshotter keeps a layer with all below it. Pure.</summary>
internal static class Chain
{
    /// <param name="below">The name of what is below; empty: nothing.</param>
    /// <param name="layer">The digest of the layer as it is unpacked.</param>
    public static string Of(string below, string layer) => below.Length == 0 ? layer : "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes($"{below} {layer}")));
}

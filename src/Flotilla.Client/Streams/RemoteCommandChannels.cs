namespace Flotilla.Client.Streams;

/// <summary>Of the subprotocol <c>v5.channel.k8s.io</c> of exec and attach: what the first byte of a message says the rest is.</summary>
public static class RemoteCommandChannels
{
    public const byte Stdin = 0;
    public const byte Stdout = 1;
    public const byte Stderr = 2;

    /// <summary>How it ended, as a Status.</summary>
    public const byte Error = 3;

    /// <summary>The terminal's size, as JSON.</summary>
    public const byte Resize = 4;

    /// <summary>The rest is the channel that ends.</summary>
    public const byte Close = 255;
}

namespace Flotilla.Server.Identity;

/// <summary>A file is sealed, and nobody on this machine holds the key at present.</summary>
public sealed class SealedException(string path) : IOException(
    $"{path} is sealed by the swarm's unlock key (autolock): start the server, and unlock it with 'docker swarm unlock' after: eval $(flotilla docker-env)");
